"""The ways in which a process may end are told apart."""

import os
import tempfile
from pathlib import Path

from engine.folders import Folders, standard
from engine.graph.spec import NodeSpec
from engine.plugins.node import Context, Inputs, Node, Output
from engine.workers.loss import Loss, describe, hang, judge
from engine.workers.marks import SIZE, Marks
from engine.workers.vitals import AT_WORK_FACTOR, Silence, Vitals, oom_kills, vitals

GB = 1 << 30
PROMPT = {
    "1": {"class_type": "A", "inputs": {}},
    "2": {"class_type": "B", "inputs": {}, "_meta": {"title": "Mine"}},
}


def test_exit_codes_and_signals_are_crashes() -> None:
    assert judge(17, 0, (0, 0)) == Loss("crash", "The worker process ended with exit code 17.")
    assert "SIGSEGV" in judge(-11, 5, (8 * GB, 0)).text
    assert judge(-9, 0, (8 * GB, 4 * GB)).kind == "crash"
    assert "signal 99" in judge(-99, 0, (0, 0)).text


def test_a_kill_while_memory_is_short_is_lack_of_memory() -> None:
    assert judge(-9, 1, (0, 0)).kind == "out_of_memory"
    short = judge(-9, 0, (8 * GB, GB // 8))
    assert (short.kind, "128 of 8192 MB" in short.text) == ("out_of_memory", True)


def test_the_job_reads_which_node_it_was_and_what_to_do() -> None:
    told = describe(Loss("crash", "It ended.", ("2.0.@4",)), PROMPT, "1")
    assert (told["node_id"], told["node_type"], told["node_title"]) == ("2", "B", "Mine")
    expected = "It ended while node 2 'Mine' (B) was running. A new worker is being started;"
    assert told["exception_message"].startswith(expected)
    assert told["hint"]
    assert describe(Loss("crash", "It ended.", ("7",)), PROMPT, "1")["node_id"] == "1"
    assert "while" not in describe(Loss("crash", "It ended."), PROMPT, None)["exception_message"]


def test_silence_without_work_is_a_hang() -> None:
    silence, idle = Silence(3.0), Vitals(1.0, 0)
    assert [silence.look(1.0, idle) for _ in range(4)] == [False, False, False, True]
    assert "did nothing at all" in hang(silence.seconds, silence.worked).text


def test_a_word_ends_the_silence() -> None:
    silence, idle = Silence(3.0), Vitals(1.0, 0)
    for _ in range(20):
        assert not silence.look(1.0, idle)
        assert not silence.look(1.0, idle)
        silence.heard()


def test_silence_at_work_may_last_longer_but_not_for_ever() -> None:
    silence = Silence(3.0)
    looks = [silence.look(1.0, Vitals(0.5 * i, 0)) for i in range(3 * AT_WORK_FACTOR)]
    assert looks.index(True) == len(looks) - 1
    assert silence.worked
    reading = Silence(3.0)
    assert not any(reading.look(1.0, Vitals(0.0, i)) for i in range(10))
    untold = Silence(3.0)
    assert not any(untold.look(1.0, None) for _ in range(10))


def test_signs_of_life_are_read() -> None:
    before = vitals(os.getpid())
    assert before is not None
    while (now := vitals(os.getpid())) is not None and now.cpu <= before.cpu:
        sum(range(10_000))
    assert now is not None and now.read > before.read
    assert vitals(2**30) is None
    assert oom_kills() >= 0


def test_marks_are_seen_through_the_file() -> None:
    with tempfile.TemporaryFile() as file:
        file.truncate(SIZE)
        writer, reader = Marks(file.fileno()), Marks(file.fileno())
        seen: list[tuple[str, ...]] = []

        def look(inputs: Inputs, ctx: Context) -> Output:
            seen.append(reader.inside())
            return Output()

        spec = NodeSpec("Look", "Look", "probe")
        (watched,) = writer.watch({"Look": Node(spec, look)}).values()
        watched.call({}, Context("7:1", folders(), {}, lambda *_: None, lambda: None))
        assert (seen, reader.inside()) == ([("7:1",)], ())


def folders() -> Folders:
    return standard(Path("nowhere"))
