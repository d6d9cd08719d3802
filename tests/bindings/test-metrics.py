#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Metrics and contours as Python sees them: properties, signals, arrays, errors. Prints TAP."""
import socket
import sys
import xml.etree.ElementTree as ElementTree

import gi
import tap

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib  # noqa: E402

EXAMPLE = 'AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA=='        # the worked example of protocol.md 8.3


def make():
    """Two sessions in one process, without security; nothing is sent yet."""
    ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection()
            for end in socket.socketpair()]
    return (DevSsh.ClientSession.new(ends[0], DevSsh.SessionConfig.new_no_security()),
            DevSsh.ServerSession.new(ends[1], DevSsh.SessionConfig.new_no_security(), None))


async def connect(client, server):
    both = [client.connect_async(None), server.connect_async(None)]
    for one in both:
        await one


async def talk(client, server, length):
    accepting = server.accept_channel_async(None)
    channel = await client.open_channel_async(None)
    theirs = await accepting
    theirs.connect('data', lambda channel, data: None)
    await channel.send_async(GLib.Bytes.new(b'x' * length), None)
    until(lambda: theirs.get_bytes_received() == length)
    settle()
    return channel, theirs


def settle():
    while GLib.MainContext.default().iteration(False):
        pass


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


def is_error(call, code):
    try:
        call()
    except GLib.Error as error:
        return error.matches(DevSsh.error_quark(), code) and error.message
    return False


# ---- metrics ----

def test_properties():
    async def main():
        client, server = make()
        metrics = client.get_metrics()
        for name in ('messages-sent', 'messages-received', 'bytes-sent', 'bytes-received', 'reconnections',
                     'latency-current', 'latency-min', 'latency-max', 'latency-average'):
            assert metrics.get_property(name) == 0, name
        assert metrics.get_time() >= 0
        await connect(client, server)
        await talk(client, server, 1000)
        assert metrics.props.bytes_sent == metrics.get_bytes_sent() > 1000
        assert metrics.props.messages_received == metrics.get_messages_received() > 2
        assert metrics.props.latency_average == metrics.get_latency_average() == 0.0
        assert metrics.props.reconnections == metrics.get_reconnections() == 0
    DevSsh.run(main())


def test_channel_bytes():
    """Those of the payload, and of one direction."""
    async def main():
        client, server = make()
        await connect(client, server)
        ours, theirs = await talk(client, server, 1)
        await ours.send_async(GLib.Bytes.new(b'xxx'), None)
        until(lambda: theirs.get_bytes_received() == 4)
        assert (ours.get_bytes_sent(), ours.get_bytes_received()) == (4, 0)
        assert (theirs.get_bytes_sent(), theirs.get_bytes_received()) == (0, 4)
        assert ours.get_dropped_requests() == theirs.get_dropped_requests() == 0
    DevSsh.run(main())


def test_signals():
    async def main():
        client, server = make()
        metrics, heard = client.get_metrics(), []
        for signal in ('message-sent', 'message-received', 'latency-updated', 'session-closed'):
            metrics.connect(signal, lambda metrics, *what: heard.append(what), signal)
        await connect(client, server)
        await talk(client, server, 100000)
        client.close(DevSsh.DisconnectReason.BY_APPLICATION, 'done')
        until(lambda: ('session-closed',) in heard)
        settle()
        assert heard[-1] == ('session-closed',)
        for signal, messages, size in (('message-sent', metrics.get_messages_sent(), metrics.get_bytes_sent()),
                                       ('message-received', metrics.get_messages_received(), metrics.get_bytes_received())):
            told = [what for what in heard if what[-1] == signal]
            assert len(told) == messages and sum(what[1] for what in told) == size, signal
            times = [what[0] for what in told]
            assert times == sorted(times) and all(isinstance(time, int) for time in times)
    DevSsh.run(main())


def test_notify():
    """In time, and for all that has changed; a program binds a label to it and is done."""
    async def main():
        client, server = make()
        metrics, told = client.get_metrics(), []
        metrics.connect('notify::bytes-sent', lambda metrics, pspec: told.append(metrics.props.bytes_sent))
        await connect(client, server)
        await talk(client, server, 1 << 20)
        until(lambda: told and told[-1] == metrics.props.bytes_sent)
        assert told == sorted(set(told))
        assert len(told) <= metrics.get_time() / 100000 + 2, (len(told), metrics.get_time())
    DevSsh.run(main())


# ---- contours ----

def test_contour_arrays():
    contour = DevSsh.SessionContour.new_from_base64(EXAMPLE)
    assert contour.dup_bytes_sent() == [0, 1000, 0]
    assert contour.dup_bytes_received() == [2000, 3008, 0]
    assert contour.dup_latency_min() == [0, 16, 16]
    assert contour.dup_latency_max() == [0, 32, 32]
    assert contour.dup_latency_average() == [0, 24, 24]
    assert contour.get_bytes_sent_at(1) == 1000 and contour.get_latency_average_at(2) == 24
    assert (contour.props.interval, contour.props.interval_count, contour.props.max_intervals) == (2000, 3, 4)
    assert contour.to_base64() == EXAMPLE


def test_contour_updates():
    contour = DevSsh.SessionContour.new(4)
    assert contour.dup_bytes_sent() == [] and contour.dup_latency_min() == []
    changes = []
    contour.connect('notify::interval', lambda contour, pspec: changes.append(contour.props.interval))
    for update in [(0, 0, 2000, 0), (2000, 0, 0, 16), (3000, 0, 0, 32), (3600, 1000, 0, 0), (3800, 0, 3000, 0),
                   (4000, 1, 0, 0), (5000, 0, 0, 32), (5200, 0, 0, 16)]:
        contour.add_update(*update)
    assert contour.dup_bytes_received() == [2000, 3000, 0] and contour.to_base64() == EXAMPLE and changes == [2000]
    assert DevSsh.SessionContour().get_max_intervals() == DevSsh.SESSION_CONTOUR_DEFAULT_MAX_INTERVALS == 256


def test_contour_errors():
    new, read = DevSsh.SessionContour.new, DevSsh.SessionContour.new_from_base64
    for wrong in (0, 1, 3, 100):
        assert str(wrong) in is_error(lambda: new(wrong), DevSsh.Error.INVALID_CONFIG)
    assert is_error(lambda: read(EXAMPLE[:-1]), DevSsh.Error.TRUNCATED)
    assert is_error(lambda: read('#' + EXAMPLE), DevSsh.Error.MALFORMED)
    assert is_error(lambda: read('Ag' + EXAMPLE[2:]), DevSsh.Error.UNSUPPORTED)
    assert is_error(lambda: read(DevSsh.SessionContour.new(2).to_base64()), DevSsh.Error.TRUNCATED)


def test_contour_collects():
    async def main():
        client, server = make()
        contour, metrics = DevSsh.SessionContour.new(16), client.get_metrics()
        contour.collect(metrics)
        assert is_error(lambda: contour.collect(metrics), DevSsh.Error.INVALID_STATE)
        await connect(client, server)
        await talk(client, server, 50000)
        assert sum(contour.dup_bytes_sent()) == metrics.get_bytes_sent() > 50000
        contour.stop()
        await talk(client, server, 50000)
        missed = metrics.get_bytes_sent() - sum(contour.dup_bytes_sent())
        assert missed > 50000
        contour.collect(metrics)
        client.close(DevSsh.DisconnectReason.BY_APPLICATION, 'done')
        until(lambda: not contour.props.is_collecting)
        assert sum(contour.dup_bytes_sent()) == metrics.get_bytes_sent() - missed
        assert sum(contour.dup_bytes_received()) > 0
        assert is_error(lambda: contour.collect(metrics), DevSsh.Error.CLOSED)
    DevSsh.run(main())


def test_picture():
    """The document of another parser than the library's tests have."""
    contour = DevSsh.SessionContour.new_from_base64(EXAMPLE)
    root = ElementTree.fromstring(contour.to_svg('Backup <1> & "2"'))
    texts = [''.join(element.itertext()) for element in root.iter() if element.tag.endswith('}text')]
    assert 'Backup <1> & "2"' in texts and 'Throughput' in texts and 'Latency' in texts, texts
    assert 'Session contour' in contour.to_svg(None)
    assert contour.to_svg(None) == contour.to_svg(None)


if __name__ == '__main__':
    sys.exit(tap.run('/python/metrics', tap.tests_in(globals())))
