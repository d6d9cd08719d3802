#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions that outlive their connection, as Python sees them: over streams, and with a client and a server. Prints TAP."""
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


def yes(*args):
    question = args[-1]
    question.accept(None)
    return True


def host():
    credentials = DevSsh.ServerCredentials.new()
    credentials.add_key(HOST_KEY)
    return credentials


def wire():
    """Two ends of a connection, and what breaks it."""
    ends = [Gio.Socket.new_from_fd(end.detach()) for end in socket.socketpair()]
    return (*[end.connection_factory_create_connection() for end in ends], lambda: ends[0].shutdown(True, True))


class Echo:
    """What a server does with its channels, and what comes back."""

    def __init__(self):
        self.received = b''

    def opening(self, *args):
        opening = args[-1]
        opening.get_channel().connect('data', lambda channel, data: channel.send_async(data, None, None))
        opening.accept()
        return True

    def listen(self, channel):
        def data_cb(channel, data):
            self.received += data.get_data()
        channel.connect('data', data_cb)


async def log_in(client):
    client.connect('authenticating', yes)
    credentials = DevSsh.ClientCredentials.new('test')
    credentials.set_password('secret')
    assert await client.authenticate_async(credentials, None)


def listen_to(session, heard, name):
    def disconnected_cb(session, error):
        right = (error.matches(DevSsh.DisconnectReason.quark(), DevSsh.DisconnectReason.CONNECTION_LOST)
                 and not session.props.is_connected and not session.props.is_closed)
        heard.append(f'{name} disconnected' if right else f'{name} disconnected: {error}')
    session.connect('disconnected', disconnected_cb)
    session.connect('closed', lambda session, reason, message, error: heard.append(f'{name} closed {reason.value_nick}'))
    if isinstance(session, DevSsh.ServerSession):
        session.connect('reconnected', lambda session: heard.append(f'{name} reconnected'))


def test_streams():
    """Sessions over streams of one's own; the collection is a list that a window can show."""
    async def main():
        config = DevSsh.SessionConfig.new_with_reconnect()
        sessions = DevSsh.ReconnectableSessions.new()
        assert isinstance(sessions, Gio.ListModel) and sessions.get_item_type() == DevSsh.ServerSession.__gtype__
        changes, heard, echo = [], [], Echo()
        sessions.connect('items-changed', lambda model, *change: changes.append(change))
        near, far, cut = wire()
        client = DevSsh.ClientSession.new(near, config)
        server = DevSsh.ServerSession.new_reconnectable(far, config, host(), sessions)
        assert server.props.reconnectable_sessions == sessions
        server.connect('authenticating', yes)
        server.connect('channel-opening', echo.opening)
        listen_to(client, heard, 'client')
        listen_to(server, heard, 'server')
        both = [client.connect_async(None), server.connect_async(None)]
        for one in both:
            await one
        await log_in(client)
        assert await client.wait_until_reconnect_enabled_async(None)
        assert await server.wait_until_reconnect_enabled_async(None)
        assert list(sessions) == [server] and changes == [(0, 0, 1)], changes
        channel = await client.open_channel_async(None)
        echo.listen(channel)

        try:
            await client.reconnect_async(wire()[0], None)
        except GLib.Error as error:
            assert error.matches(DevSsh.error_quark(), DevSsh.Error.INVALID_STATE), error
        else:
            raise AssertionError('a connected session was connected anew')

        for number in (1, 2):
            echo.received = b''
            channel.send_async(GLib.Bytes.new(b'before'), None, None)
            cut()
            until(lambda: len(heard) == 2)
            assert sorted(heard) == ['client disconnected', 'server disconnected'], heard
            channel.send_async(GLib.Bytes.new(b' and meanwhile'), None, None)
            assert list(sessions) == [server]

            near, far, cut = wire()
            temporary = DevSsh.ServerSession.new_reconnectable(far, config, host(), sessions)
            listen_to(temporary, heard, 'temporary')
            connecting = temporary.connect_async(None)
            assert await client.reconnect_async(near, None)
            await connecting
            until(lambda: len(echo.received) == len(b'before and meanwhile') and len(heard) == 4)
            assert echo.received == b'before and meanwhile', echo.received
            assert heard[2:] == ['temporary closed none', 'server reconnected'], heard
            heard.clear()
            assert client.props.is_connected and server.props.is_connected and list(sessions) == [server]
            assert client.get_metrics().props.reconnections == server.get_metrics().props.reconnections == number

        client.close(DevSsh.DisconnectReason.BY_APPLICATION, 'done')
        until(lambda: len(heard) == 2)
        assert heard == ['client closed by-application', 'server closed by-application'], heard
        assert list(sessions) == [] and changes == [(0, 0, 1), (0, 1, 0)], changes
    DevSsh.run(main())


def test_client_and_server():
    """The client dials again, and the server has nothing to do."""
    async def main():
        config = DevSsh.SessionConfig.new_with_reconnect()
        server = DevSsh.Server.new(config, host())
        heard, echo = [], Echo()
        server.connect('session-authenticating', yes)
        server.connect('session-channel-opening', echo.opening)
        server.connect('session-opened', lambda server, session: listen_to(session, heard, 'server'))
        kept = server.props.reconnectable_sessions
        assert isinstance(kept, DevSsh.ReconnectableSessions) and kept.get_n_items() == 0
        kept.props.timeout = 60
        assert kept.get_timeout() == 60 and kept.props.max_disconnected > 0
        port = server.listen(None, 0)

        dialer = DevSsh.Client.new(config)
        client = await dialer.connect_to_host_async('127.0.0.1', port, None)
        listen_to(client, heard, 'client')
        await log_in(client)
        assert await client.wait_until_reconnect_enabled_async(None)
        channel = await client.open_channel_async(None)
        echo.listen(channel)
        until(lambda: kept.get_n_items() == 1)

        # To lose a connection on purpose is to close it with this reason.
        client.close(DevSsh.DisconnectReason.CONNECTION_LOST, 'unplugged')
        until(lambda: len(heard) == 2)
        assert sorted(heard) == ['client disconnected', 'server disconnected'], heard
        assert list(dialer.get_sessions()) == [client] and list(server.get_sessions()) == list(kept)
        channel.send_async(GLib.Bytes.new(b'x' * 100000), None, None)
        assert await dialer.reconnect_async(client, None)
        until(lambda: len(echo.received) == 100000)
        assert heard[2:] == ['server closed none', 'server reconnected'], heard
        assert list(server.get_sessions()) == list(kept) and kept.get_n_items() == 1

        # The server has forgotten it.
        heard.clear()
        client.close(DevSsh.DisconnectReason.CONNECTION_LOST, 'unplugged')
        until(lambda: len(heard) == 2)
        assert sorted(heard) == ['client disconnected', 'server disconnected'], heard
        kept[0].close(DevSsh.DisconnectReason.BY_APPLICATION, 'done')
        until(lambda: kept.get_n_items() == 0)
        try:
            await dialer.reconnect_async(client, None)
        except GLib.Error as error:
            assert error.matches(DevSsh.ReconnectFailure.quark(), DevSsh.ReconnectFailure.SESSION_NOT_FOUND), error
        else:
            raise AssertionError('a session went on that is no more')
        assert not client.props.is_closed
        dialer.close()
        server.close()
        until(lambda: client.props.is_closed)
    DevSsh.run(main())


if __name__ == '__main__':
    sys.exit(tap.run('/python/reconnect', tap.tests_in(globals())))
