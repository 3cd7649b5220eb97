import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.batcher import Batcher, Item, Job, group_by_length


def job(*lengths, submitted=0.0, deadline=None):
    return Job([[1] * length for length in lengths], submitted, deadline)


def batcher(*jobs, max_batch_tokens=100, max_queue_size=1000, max_wait_s=0.0):
    made = Batcher(max_batch_tokens, max_queue_size, max_wait_s=max_wait_s)
    for one in jobs:
        made.add(one)
    return made


def next_items(made, now=0.0):
    batches, _ = made.next_round(now)
    return [item for batch in batches for item in batch]


def test_a_single_text_is_in_the_round_after_it_came_beside_a_bulk_of_1024():
    bulk, single = job(*[20] * 1024), job(20)
    made = batcher(bulk)
    next_items(made)

    made.add(single)

    assert single in [item.job for item in next_items(made)]


def test_single_texts_beside_a_bulk_have_every_other_round_to_themselves():
    bulk, singles = job(*[20] * 1024), [job(20), job(20)]
    made = batcher(bulk, *singles)

    assert [item.job for item in next_items(made)] == singles
    made.add(job(20))
    assert bulk in [item.job for item in next_items(made)]


def test_a_round_of_single_texts_keeps_to_its_tokens_and_loses_none():
    made = batcher(job(*[10] * 50), *[job(10) for _ in range(12)])

    rounds = [next_items(made) for _ in range(3)]

    assert len(rounds[0]) == 10
    assert sum(len(item.job.inputs) == 1 for items in rounds for item in items) == 12


@pytest.mark.parametrize(
    ("jobs", "tokens"),
    [([job(*[10] * 50), job(*[10] * 50)], 50), ([job(10) for _ in range(50)], 100)],
    ids=["bulk", "single texts"],
)
def test_a_round_keeps_to_its_tokens_and_a_bulks_to_half_of_them(jobs, tokens):
    items = next_items(batcher(*jobs))

    assert sum(len(item.input) for item in items) == tokens


def test_bulk_requests_share_a_round():
    items = next_items(batcher(job(*[10] * 50), job(*[10] * 50)))

    shares = {id(item.job): 0 for item in items}
    for item in items:
        shares[id(item.job)] += 1
    assert sorted(shares.values()) == [2, 3]


def test_singles_that_keep_coming_do_not_starve_a_bulk():
    bulk = job(*[10] * 4)
    made = batcher(bulk, max_batch_tokens=10)

    for _ in range(20):
        made.add(job(10))
        next_items(made)

    assert bulk.num_waiting == 0


def test_a_text_longer_than_a_round_runs_alone():
    made = batcher(job(500), job(10))

    assert [len(item.input) for item in next_items(made)] == [500]


def test_an_empty_line_gives_an_empty_round():
    assert batcher().next_round(0.0) == ([], [])


def test_a_late_job_leaves_the_line_and_the_others_run():
    late, other = job(5, 5, deadline=9.0), job(5, deadline=11.0)
    made = batcher(late, other)

    batches, gone = made.next_round(now=10.0)

    assert gone == [late]
    assert [item.job for batch in batches for item in batch] == [other]
    assert made.num_waiting == 0


def test_a_discarded_job_takes_nothing_else_with_it():
    leaver, stayer = job(5, 5), job(5)
    made = batcher(leaver, stayer)

    made.discard(leaver)
    made.discard(leaver)

    assert made.num_waiting == 1
    assert [item.job for item in next_items(made)] == [stayer]


def test_an_empty_queue_takes_a_job_of_any_size_and_a_full_one_none():
    made = batcher(max_queue_size=3)
    assert made.has_room_for(job(*[1] * 10))

    made.add(job(1, 1))

    assert made.has_room_for(job(1))
    assert not made.has_room_for(job(1, 1))


def test_answers_land_in_the_order_of_the_texts():
    one = job(3, 9, 6)
    for item in next_items(batcher(one)):
        one.settle(item.index, [float(len(item.input))])

    assert one.outputs == [[3.0], [9.0], [6.0]]
    assert one.is_done


@pytest.mark.parametrize(("now", "left_s"), [(5.0, 0.25), (5.2, 0.05), (5.25, 0.0), (9.0, 0.0)])
def test_the_window_opens_with_the_first_request(now, left_s):
    made = batcher(job(1, submitted=5.0), job(1, submitted=5.1), max_wait_s=0.25)

    assert made.opens_in(now) == pytest.approx(left_s)


def test_without_a_window_nothing_waits():
    assert batcher(job(1, submitted=5.0)).opens_in(5.0) == 0.0


lengths_of_texts = st.lists(st.integers(1, 400), min_size=1, max_size=80)


def items_of(lengths):
    one = job(*lengths)
    return [Item(one, index, one.inputs[index]) for index in range(len(lengths))]


@given(lengths_of_texts)
def test_groups_hold_each_sequence_once_and_keep_to_the_budget(lengths):
    groups = group_by_length(items_of(lengths), 2048)

    assert sorted(item.index for group in groups for item in group) == list(range(len(lengths)))
    for group in groups:
        longest = max(len(item.input) for item in group)
        assert len(group) == 1 or longest * len(group) <= 2048


@given(lengths_of_texts)
def test_groups_cost_no_more_than_one_batch_or_than_one_batch_each(lengths):
    def cost(groups):
        return sum((2 + len(one)) * max(one) + 24 for one in groups)

    groups = [
        [len(item.input) for item in group] for group in group_by_length(items_of(lengths), 10**6)
    ]

    assert cost(groups) <= 1.25 * cost([lengths])
    assert cost(groups) <= 1.25 * cost([[length] for length in lengths])


def test_texts_of_one_length_are_one_batch():
    assert len(group_by_length(items_of([30] * 40), 2048)) == 1


def test_a_short_text_does_not_pay_for_a_long_one():
    groups = group_by_length(items_of([400, 10, 12]), 2048)

    assert [[len(item.input) for item in group] for group in groups] == [[400], [12, 10]]
