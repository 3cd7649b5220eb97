/** Waits for a service that does not answer, and goes on by itself once it does. */

import { isReady } from "./api.js";

const FIRST_MS = 1000;
const LONGEST_MS = 8000;

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether `error` is one that time heals: the service is away, or cannot take more for now. */
export function isOutage({ status }) {
  return status === 0 || status === 503;
}

/** Wait until the service answers; `isWanted()` says whether anybody still waits. True if it does. */
export async function untilBack(error, isWanted) {
  let wait = Math.max(FIRST_MS, (error.retryAfter ?? 0) * 1000);
  for (;;) {
    await pause(wait);
    if (!isWanted()) return false;
    if (await isReady()) return isWanted();
    wait = Math.min(2 * wait, LONGEST_MS);
  }
}
