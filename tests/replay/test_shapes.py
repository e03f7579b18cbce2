"""Logs of other programs, in the spellings that they have, all of one small conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.actions import CSMS, STATION
from shared.replay.read import Unreadable, read
from shared.replay.recording import Recording
from shared.versions import V16, V201

BOOT = '[2,"b1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
BOOTED = '[3,"b1",{"status":"Accepted","currentTime":"2026-03-01T09:00:00Z","interval":300}]'
RESET = '[2,"r1","Reset",{"type":"Soft"}]'
DONE = '[3,"r1",{"status":"Accepted"}]'
FRAMES = (BOOT, BOOTED, RESET, DONE)
SENDERS = [STATION, CSMS, CSMS, STATION]


def escaped(frame: str) -> str:
    return frame.replace('"', '\\"')


def doubled(frame: str) -> str:
    return frame.replace('"', '""')


SHAPES = {
    "python ocpp, station": (
        "INFO:ocpp:CP1: send {0}",
        "INFO:ocpp:CP1: receive message {1}",
        "INFO:ocpp:CP1: receive message {2}",
        "INFO:ocpp:CP1: send {3}",
    ),
    "python ocpp with times, CSMS": (
        "2026-03-01 10:00:00,000 ocpp INFO CP1: receive message {0}",
        "2026-03-01 10:00:00,250 ocpp INFO CP1: send {1}",
        "2026-03-01 10:00:05,000 ocpp INFO CP1: send {2}",
        "2026-03-01 10:00:05,500 ocpp INFO CP1: receive message {3}",
    ),
    "a Java back office": (
        "[INFO ] 2026-03-01 10:00:00,000 a.b.Logger (qtp1-33) - [chargeBoxId=CP1, sessionId=5f-9] Received: {0}",
        "[INFO ] 2026-03-01 10:00:00,250 a.b.Logger (qtp1-33) - [chargeBoxId=CP1, sessionId=5f-9] Sending: {1}",
        "[INFO ] 2026-03-01 10:00:05,000 a.b.Logger (qtp1-34) - [chargeBoxId=CP1, sessionId=5f-9] Sending: {2}",
        "[INFO ] 2026-03-01 10:00:05,500 a.b.Logger (qtp1-31) - [chargeBoxId=CP1, sessionId=5f-9] Received: {3}",
    ),
    "arrows after an offset": (
        "2026-03-01T11:00:00.000+01:00 [CP1] >> {0}",
        "2026-03-01T11:00:00.250+01:00 [CP1] << {1}",
        "2026-03-01T11:00:05.000+01:00 [CP1] << {2}",
        "2026-03-01T11:00:05.500+01:00 [CP1] >> {3}",
    ),
    "thin arrows and epoch milliseconds": (
        "1772359200000 CP1 -> {0}",
        "1772359200250 CP1 <- {1}",
        "1772359205000 CP1 <- {2}",
        "1772359205500 CP1 -> {3}",
    ),
    "epoch seconds, TX and RX": (
        "1772359200.000 [CP1] TX {0}",
        "1772359200.250 [CP1] RX {1}",
        "1772359205.000 [CP1] RX {2}",
        "1772359205.500 [CP1] TX {3}",
    ),
    "roles by name": (
        "2026-03-01T10:00:00Z CP1 CS->CSMS {0}",
        "2026-03-01T10:00:00.25Z CP1 CSMS->CS {1}",
        "2026-03-01T10:00:05Z CP1 CSMS->CS {2}",
        "2026-03-01T10:00:05.5Z CP1 CS->CSMS {3}",
    ),
    "a simulator's command log": (
        "2026/03/01 10:00:00.000 | CP1 | Command 'BootNotification' sent: {0}",
        "2026/03/01 10:00:00.250 | CP1 | Message received: {1}",
        "2026/03/01 10:00:05.000 | CP1 | Message received: {2}",
        "2026/03/01 10:00:05.500 | CP1 | Message sent: {3}",
    ),
    "JSON lines with the frame as text": (
        '{{"time":"2026-03-01T10:00:00Z","level":"info","chargePointId":"CP1","direction":"in","msg":"{4}"}}',
        '{{"time":"2026-03-01T10:00:00.25Z","level":"info","chargePointId":"CP1","direction":"out","msg":"{5}"}}',
        '{{"time":"2026-03-01T10:00:05Z","level":"info","chargePointId":"CP1","direction":"out","msg":"{6}"}}',
        '{{"time":"2026-03-01T10:00:05.5Z","level":"info","chargePointId":"CP1","direction":"in","msg":"{7}"}}',
    ),
    "JSON lines with the frame as a list": (
        '{{"ts":1772359200000,"station":"CP1","from":"charge point","message":{0}}}',
        '{{"ts":1772359200250,"station":"CP1","from":"central system","message":{1}}}',
        '{{"ts":1772359205000,"station":"CP1","from":"central system","message":{2}}}',
        '{{"ts":1772359205500,"station":"CP1","from":"charge point","message":{3}}}',
    ),
    "CSV": (
        '2026-03-01T10:00:00Z,CP1,inbound,"{8}"',
        '2026-03-01T10:00:00.250Z,CP1,outbound,"{9}"',
        '2026-03-01T10:00:05Z,CP1,outbound,"{10}"',
        '2026-03-01T10:00:05.500Z,CP1,inbound,"{11}"',
    ),
    "the frame as a string in a line of text": (
        '10:00:00.000 station=CP1 received message "{4}" (74 bytes)',
        '10:00:00.250 station=CP1 sent message "{5}" (81 bytes)',
        '10:00:05.000 station=CP1 sent message "{6}" (34 bytes)',
        '10:00:05.500 station=CP1 received message "{7}" (33 bytes)',
    ),
    "no direction at all": (
        "2026-03-01T10:00:00Z ws://host:9000/ocpp/CP1 {0}",
        "2026-03-01T10:00:00.250Z ws://host:9000/ocpp/CP1 {1}",
        "2026-03-01T10:00:05Z ws://host:9000/ocpp/CP1 {2}",
        "2026-03-01T10:00:05.500Z ws://host:9000/ocpp/CP1 {3}",
    ),
    "the same arrow on every line": (
        "2026-03-01T10:00:00Z CP1 => {0}",
        "2026-03-01T10:00:00.250Z CP1 => {1}",
        "2026-03-01T10:00:05Z CP1 => {2}",
        "2026-03-01T10:00:05.500Z CP1 => {3}",
    ),
}
SHAPES["the frame on a line of its own"] = tuple(
    f"{time} CP1 {word}\n{{{at}}}"
    for at, (time, word) in enumerate(
        [
            ("2026-03-01T10:00:00Z", "RECEIVED"),
            ("2026-03-01T10:00:00.250Z", "SENT"),
            ("2026-03-01T10:00:05Z", "SENT"),
            ("2026-03-01T10:00:05.500Z", "RECEIVED"),
        ]
    )
)
UNTIMED = ("python ocpp, station",)


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "conversation.log"
    path.write_text("\n".join(lines) + "\n")
    return path


def shaped(tmp_path: Path, name: str) -> Recording:
    spellings = (*FRAMES, *map(escaped, FRAMES), *map(doubled, FRAMES))
    lines = [line.format(*spellings) for line in SHAPES[name]]
    return read(written(tmp_path, "starting up, listening on port 9000", *lines, "", "bye"))


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_conversation(name: str, tmp_path: Path) -> None:
    recording = shaped(tmp_path, name)
    assert [frame.sender for frame in recording.frames] == SENDERS
    assert [frame.raw for frame in recording.frames] == list(FRAMES)
    assert recording.stations == ["CP1"]
    assert [frame.action for frame in recording.frames] == ["BootNotification"] * 2 + ["Reset"] * 2
    every = 2 if "\n" in SHAPES[name][0] else 1
    assert [frame.line for frame in recording.frames] == [1 + every * at for at in range(1, 5)]
    assert recording.version("CP1") is V16


@pytest.mark.parametrize("name", [name for name in SHAPES if name not in UNTIMED])
def test_every_shape_gives_the_times_between(name: str, tmp_path: Path) -> None:
    frames = shaped(tmp_path, name).frames
    assert [round(frame.at - frames[0].at, 3) for frame in frames] == [0, 0.25, 5, 5.5]
    if "string in a line" not in name:  # that one has a time of day only
        assert frames[0].at == 1772359200.0


def test_lines_without_a_time_come_at_the_time_of_the_line_before(tmp_path: Path) -> None:
    recording = read(written(tmp_path, f"2026-03-01T10:00:00Z {BOOT}", BOOTED))
    assert [frame.at for frame in recording.frames] == [1772359200.0] * 2


def test_midnight_may_pass_where_only_the_time_of_day_is_given(tmp_path: Path) -> None:
    recording = read(written(tmp_path, f"23:59:59.5 {BOOT}", f"00:00:00.5 {BOOTED}"))
    assert recording.frames[1].at - recording.frames[0].at == 1.0


def test_several_stations_are_told_apart(tmp_path: Path) -> None:
    recording = read(
        written(
            tmp_path,
            f"[CP1] recv {BOOT}",
            f"[CP2] recv {BOOT}",
            f"[CP2] send {BOOTED}",
            f"[CP1] send {BOOTED}",
        )
    )
    assert recording.stations == ["CP1", "CP2"]
    assert [frame.sender for frame in recording.of("CP1")] == [STATION, CSMS]
    assert all(exchange.answer for exchange in recording.exchanges())


def test_a_data_transfer_is_sent_by_whom_the_other_lines_of_its_direction_say(tmp_path: Path) -> None:
    transfer = '[2,"d1","DataTransfer",{"vendorId":"x"}]'
    answer = '[3,"d1",{"status":"Accepted"}]'
    recording = read(
        written(tmp_path, f"<< {BOOT}", f">> {BOOTED}", f">> {transfer}", f"<< {answer}", f"<< {transfer}")
    )
    assert [frame.sender for frame in recording.frames] == [STATION, CSMS, CSMS, STATION, STATION]


def test_the_same_id_from_both_sides_is_two_calls(tmp_path: Path) -> None:
    recording = read(
        written(
            tmp_path,
            '<< [2,"1","Heartbeat",{}]',
            '>> [2,"1","Reset",{"type":"Soft"}]',
            '<< [3,"1",{"status":"Accepted"}]',
            '>> [3,"1",{"currentTime":"2026-03-01T10:00:00Z"}]',
        )
    )
    assert [frame.action for frame in recording.frames] == ["Heartbeat", "Reset", "Reset", "Heartbeat"]
    heartbeat, reset = recording.exchanges()
    assert heartbeat.answer == {"currentTime": "2026-03-01T10:00:00Z"}
    assert reset.answer == {"status": "Accepted"}


def test_the_version_is_the_one_that_the_log_names(tmp_path: Path) -> None:
    frame = '[2,"1","Heartbeat",{}]'
    assert read(written(tmp_path, "subprotocol ocpp2.0.1 accepted", frame)).version("station") is V201
    assert read(written(tmp_path, frame)).version("station") is V16


def test_who_sent_a_data_transfer_that_nothing_tells_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"log:2: nothing tells who sent this call; expected a direction"):
        read(written(tmp_path, BOOT, '[2,"d1","DataTransfer",{"vendorId":"x"}]'))


def test_an_answer_to_nothing_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"conversation\.log:1: nothing tells who sent this answer"):
        read(written(tmp_path, BOOTED, RESET))


def test_a_line_without_a_station_among_several_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(
        Unreadable, match=r"log:3: no station is named here, and the file holds 2 \(CP1, CP2\)"
    ):
        read(written(tmp_path, f"[CP1] {BOOT}", f"[CP2] {BOOT}", RESET))


def test_a_frame_that_breaks_off_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"conversation\.log:1: expected a whole JSON frame"):
        read(written(tmp_path, BOOT[:40], BOOTED))


def test_a_last_line_that_breaks_off_is_left_out(tmp_path: Path) -> None:
    recording = read(written(tmp_path, BOOT, BOOTED[:20]))
    assert recording.cut_short
    assert len(recording.frames) == 1


def test_words_that_say_the_same_of_both_sides_say_nothing(tmp_path: Path) -> None:
    beat = ('[2,"h","Heartbeat",{}]', '[3,"h",{"currentTime":"2026-03-01T10:00:00Z"}]')
    lines = (f"in {BOOT}", f"in {BOOTED}", f"out {beat[0]}", f"out {beat[1]}")
    assert [f.sender for f in read(written(tmp_path, *lines)).frames] == [STATION, CSMS] * 2
    with pytest.raises(Unreadable, match=r"log:5: nothing tells who sent this call"):
        read(written(tmp_path, *lines, 'out [2,"d","DataTransfer",{"vendorId":"x"}]'))


def test_one_word_on_every_line_says_nothing_however_often_one_side_calls(tmp_path: Path) -> None:
    beats = [f'=> [2,"h{n}","Heartbeat",{{}}]' for n in range(9)]
    recording = read(written(tmp_path, f"=> {BOOT}", f"=> {BOOTED}", *beats, f"=> {RESET}", f"=> {DONE}"))
    assert [f.sender for f in recording.frames] == [STATION, CSMS, *[STATION] * 9, CSMS, STATION]


def test_an_id_that_is_used_again_is_answered_in_turn(tmp_path: Path) -> None:
    answers = [f'[3,"1",{{"status":"{word}"}}]' for word in ("Accepted", "Rejected")]
    calls = ['[2,"1","Reset",{"type":"Soft"}]', '[2,"1","ClearCache",{}]']
    recording = read(written(tmp_path, calls[0], answers[0], calls[1], answers[1]))
    assert [(e.action, e.answer) for e in recording.exchanges()] == [
        ("Reset", {"status": "Accepted"}),
        ("ClearCache", {"status": "Rejected"}),
    ]
    waiting = read(written(tmp_path, *calls, *answers))
    assert [e.answer for e in waiting.exchanges()] == [{"status": "Accepted"}, {"status": "Rejected"}]
