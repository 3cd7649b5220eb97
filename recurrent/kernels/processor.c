/* Which of the compiled paths this processor, and the system that it runs under, can take. */

#if defined(__x86_64__)

#include <cpuid.h>

/* Asked of the processor itself: __builtin_cpu_supports does not link into a shared library with
   every compiler. */
static int has(unsigned leaf, int in_ecx, int bit) {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (!__get_cpuid_count(leaf, 0, &eax, &ebx, &ecx, &edx)) return 0;
    return ((in_ecx ? ecx : ebx) >> bit) & 1;
}

/* Whether the system keeps these registers when it switches tasks (XCR0). */
static int keeps(unsigned registers) {
    unsigned eax, edx;
    if (!has(1, 1, 27)) return 0; /* no xgetbv */
    __asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & registers) == registers;
}

int runs_avx2(void) { return has(7, 0, 5) && keeps(0x06); }

int runs_avx512vnni(void) {
    return has(7, 0, 16) && has(7, 0, 30) && has(7, 0, 31) && has(7, 0, 17) && has(7, 1, 11) &&
           keeps(0xe6); /* F, BW, VL, DQ, VNNI */
}

#elif defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>

int runs_neon(void) { return (getauxval(AT_HWCAP) >> 20) & 1; /* ASIMDDP */ }

#elif defined(__aarch64__)

int runs_neon(void) { return 1; } /* every Mac with an Arm processor has it */

#endif

int runs_portable(void) { return 1; }
