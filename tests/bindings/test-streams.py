#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Secure and multi-channel streams, as Python sees them. Prints TAP."""
import socket
import sys

import gi
import tap

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib  # noqa: E402

HOST_KEY = DevSsh.KeyPair.generate('ecdsa-sha2-nistp256', 0)


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


def host():
    credentials = DevSsh.ServerCredentials.new()
    credentials.add_key(HOST_KEY)
    return credentials


def user():
    credentials = DevSsh.ClientCredentials.new('test')
    credentials.set_password('secret')
    return credentials


def wire():
    """Two ends of a connection, and what breaks it."""
    ends = [Gio.Socket.new_from_fd(end.detach()) for end in socket.socketpair()]
    return (*[end.connection_factory_create_connection() for end in ends], lambda: ends[0].shutdown(True, True))


def ask(stream, name, heard, accept=True):
    def authenticating_cb(stream, question):
        heard.append(f'{name} asks {question.get_authentication_type().value_nick}')
        question.accept(None) if accept else question.reject()
        return True
    stream.connect('authenticating', authenticating_cb)
    stream.connect('disconnected', lambda stream, error: heard.append(f'{name} disconnected'))
    stream.connect('closed', lambda stream, reason, message, error: heard.append(f'{name} closed {reason.value_nick}'))


def wait(start, *args):
    """A call of GIO's own: these cannot block in a callback, and a coroutine is in one."""
    results = []
    start(*args, GLib.PRIORITY_DEFAULT, None, lambda source, result: results.append(result))
    until(lambda: results)
    return results[0]


def read(stream, count):
    data, source = b'', stream.get_input_stream()
    while len(data) < count:
        more = source.read_bytes_finish(wait(source.read_bytes_async, count - len(data)))
        assert more.get_size() > 0, 'the end'
        data += more.get_data()
    return data


def write(stream, data):
    sink = stream.get_output_stream()
    assert sink.write_all_finish(wait(sink.write_all_async, data))[0]


def raised(error, domain, code):
    assert error is not None and error.matches(domain, code), error


async def failure(operation):
    try:
        await operation
    except GLib.Error as error:
        return error


def test_secure():
    """Over a connection that is lost and replaced."""
    async def main():
        sessions, heard = DevSsh.ReconnectableSessions.new(), []
        near, far, cut = wire()
        client = DevSsh.SecureStream.new_client(near, user(), True)
        server = DevSsh.SecureStream.new_server(far, host(), sessions)
        assert isinstance(client, Gio.IOStream) and isinstance(client.props.session, DevSsh.ClientSession)
        assert isinstance(server.get_session(), DevSsh.ServerSession)
        raised(await failure(client.connect_async(None)), DevSsh.error_quark(), DevSsh.Error.INVALID_STATE)
        ask(client, 'client', heard)
        ask(server, 'server', heard)
        both = [client.connect_async(None), server.connect_async(None)]
        for one in both:
            assert await one
        assert heard == ['client asks server-public-key', 'server asks client-password'], heard
        heard.clear()
        for session in client.get_session(), server.get_session():
            assert await session.wait_until_reconnect_enabled_async(None)

        write(client, b'before')
        cut()
        until(lambda: len(heard) == 2)
        assert sorted(heard) == ['client disconnected', 'server disconnected'], heard
        heard.clear()
        write(client, b' and meanwhile')
        near, far, cut = wire()
        third = DevSsh.SecureStream.new_server(far, host(), sessions)
        ask(third, 'third', heard)
        connecting = third.connect_async(None)
        assert await client.reconnect_async(near, None)
        assert await connecting and third.props.is_closed
        assert heard == ['third closed none'], heard
        assert read(server, 20) == b'before and meanwhile'
        write(server, b'x' * 300000)
        assert read(client, 300000) == b'x' * 300000
        raised(await failure(server.reconnect_async(near, None)), DevSsh.error_quark(), DevSsh.Error.INVALID_STATE)

        heard.clear()
        assert client.close(None) and client.close(None)
        until(lambda: len(heard) == 2)
        assert sorted(heard) == ['client closed none', 'server closed none'], heard
        assert server.props.is_closed and client.get_is_closed() and list(sessions) == []
        assert server.get_input_stream().read_bytes(10, None).get_size() == 0
    DevSsh.run(main())


def test_refused():
    """Both ends fail, with one reason."""
    async def main():
        for refuses, reason in (('client', DevSsh.DisconnectReason.HOST_KEY_NOT_VERIFIABLE),
                                ('server', DevSsh.DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE)):
            heard = []
            near, far, _ = wire()
            client = DevSsh.SecureStream.new_client(near, user(), False)
            server = DevSsh.SecureStream.new_server(far, host(), None)
            ask(client, 'client', heard, refuses != 'client')
            ask(server, 'server', heard, refuses != 'server')
            for one in [client.connect_async(None), server.connect_async(None)]:
                raised(await failure(one), DevSsh.DisconnectReason.quark(), reason)
            until(lambda: len([text for text in heard if 'closed' in text]) == 2)
            assert [text for text in heard if 'closed' in text and reason.value_nick not in text] == [], heard
    DevSsh.run(main())


def test_multi_channel():
    """Channels and streams of either end, until one closes."""
    async def main():
        near, far, _ = wire()
        left, right = DevSsh.MultiChannelStream.new(near), DevSsh.MultiChannelStream.new(far)
        openings, closed = [], []
        right.connect('channel-opening', lambda stream, opening: openings.append(
            (opening.get_channel_type(), opening.get_is_remote())) and False)
        for stream in left, right:
            stream.connect('closed', lambda stream, reason, message, error: closed.append((stream, reason.value_nick)))
        left.props.channel_max_window_size = 65536
        running = right.connect_and_run_until_closed_async(None)

        accepting = right.accept_stream_async(None, None)
        opened = await left.open_stream_async(None, None)
        accepted = await accepting
        assert isinstance(opened, DevSsh.ChannelStream) and opened.get_channel().get_max_window_size() == 65536
        write(opened, b'one')
        assert read(accepted, 3) == b'one'
        accepting = left.accept_channel_async('other', None)
        channel = await right.open_channel_async('other', None)
        assert (await accepting).get_is_remote() and not channel.get_is_remote()
        assert openings == [('session', True), ('other', False)], openings
        assert await left.connect_async(None) and not left.props.is_closed
        assert isinstance(left.props.session, DevSsh.Session)

        assert await left.close_async(None) and await left.close_async(None)
        assert await running
        assert sorted(reason for _, reason in closed) == ['none', 'none'] and right.get_is_closed(), closed
        left.close()
        raised(await failure(left.open_stream_async(None, None)), DevSsh.error_quark(), DevSsh.Error.CLOSED)
    DevSsh.run(main())


if __name__ == '__main__':
    sys.exit(tap.run('/python/streams', tap.tests_in(globals()), {'secure': '/E-68', 'multi-channel': '/E-68'}))
