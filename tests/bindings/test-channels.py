#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels as Python sees them: whoever connects a handler, at once or later, misses nothing. Prints TAP."""
import socket
import sys

import gi
import tap

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib  # noqa: E402


async def connect():
    """Two sessions in one process, without security."""
    ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection()
            for end in socket.socketpair()]
    client = DevSsh.ClientSession.new(ends[0], DevSsh.SessionConfig.new_no_security())
    server = DevSsh.ServerSession.new(ends[1], DevSsh.SessionConfig.new_no_security(), None)
    both = [client.connect_async(None), server.connect_async(None)]
    for one in both:
        await one
    return client, server


def relayed():
    """Two ends of a line, and what cuts it."""
    near, far = socket.socketpair(), socket.socketpair()
    sources = []

    def relay(source, condition, target):
        data = source.recv(65536)
        target.sendall(data)
        return bool(data)

    for one, other in ((near[1], far[1]), (far[1], near[1])):
        sources.append(GLib.io_add_watch(one.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN,
                                         lambda fd, condition, one=one, other=other: relay(one, condition, other)))

    def cut(held=(near[1], far[1])):
        """Nothing passes any more, and nobody hangs up."""
        for source in sources:
            GLib.source_remove(source)
        return held
    return near[0], far[0], cut


def test_keepalive():
    """Signals with their counts, and then the end."""
    async def main():
        config = DevSsh.SessionConfig.new_no_security()
        config.props.keepalive_interval = 1
        config.props.max_missed_keepalives = 2
        near, far, cut = relayed()
        ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection() for end in (near, far)]
        client = DevSsh.ClientSession.new(ends[0], config)
        server = DevSsh.ServerSession.new(ends[1], DevSsh.SessionConfig.new_no_security(), None)
        heard = []
        client.connect('keepalive-succeeded', lambda session, count: heard.append(('succeeded', count)))
        client.connect('keepalive-failed', lambda session, count: heard.append(('failed', count)))
        client.connect('closed', lambda session, reason, message, error: heard.append(('closed', reason)))
        both = [client.connect_async(None), server.connect_async(None)]
        for one in both:
            await one
        until(lambda: len(heard) == 2)
        assert heard == [('succeeded', 1), ('succeeded', 2)], heard
        held = cut()
        until(lambda: heard[-1][0] == 'closed')
        # What was under way at the cut may have come through.
        assert heard[-3:] == [('failed', 1), ('failed', 2), ('closed', DevSsh.DisconnectReason.CONNECTION_LOST)], heard
        del held
    DevSsh.run(main())


def turns(count):
    """Lets the loop run for a while, as a program does that awaits something else."""
    for _ in range(count):
        GLib.MainContext.default().iteration(False)


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


class Ears:
    def __init__(self, channel, *signals):
        self.heard = []
        for signal in signals or ['closed', 'eof', 'extended-data', 'data']:
            channel.connect(signal, self.listen, signal)

    def listen(self, channel, *args):
        *values, signal = args
        values = [value.get_data() if isinstance(value, GLib.Bytes) else value for value in values]
        self.heard.append((signal, *values))


def talk(channel):
    for text in [b'one', b'two']:
        channel.send_async(GLib.Bytes.new(text), None, None)
    channel.send_extended_async(1, GLib.Bytes.new(b'oops'), None, None)
    channel.send_async(GLib.Bytes.new(b'3' * 100000), None, None)
    channel.send_eof()
    channel.close()


def joined(heard):
    """Runs of ::data as one."""
    result = []
    for signal, *values in heard:
        if signal == 'data' and result and result[-1][0] == 'data':
            result[-1] = ('data', result[-1][1] + values[0])
        else:
            result.append((signal, *values))
    return result


EVERYTHING = [('data', b'onetwo'), ('extended-data', 1, b'oops'), ('data', b'3' * 100000), ('eof',), ('closed',)]


def opening(session, opening):
    if not opening.get_is_remote():
        return False
    talk(opening.get_channel())
    opening.accept()
    return True


def check_opened(wait):
    """The peer says everything, and closes, before we have the channel in hands."""
    async def main():
        client, server = await connect()
        server.connect('channel-opening', opening)
        channel = await client.open_channel_async(None)
        turns(wait)
        ears = Ears(channel)
        until(lambda: ('closed',) in ears.heard)
        assert joined(ears.heard) == EVERYTHING, ears.heard
    DevSsh.run(main())


def test_opened():
    check_opened(0)


def test_opened_and_busy():
    check_opened(50)


def check_accepted(wait):
    async def main():
        client, server = await connect()
        accepting = server.accept_channel_async(None)
        talk(await client.open_channel_async('x@example.org'))
        turns(wait)
        channel = await accepting
        assert channel.get_channel_type() == 'x@example.org'
        turns(wait)
        ears = Ears(channel)
        until(lambda: ('closed',) in ears.heard)
        assert joined(ears.heard) == EVERYTHING, ears.heard
    DevSsh.run(main())


def test_accepted():
    check_accepted(0)


def test_accepted_and_busy():
    check_accepted(50)


def test_only_closed():
    async def main():
        client, server = await connect()
        server.connect('channel-opening', opening)
        channel = await client.open_channel_async(None)
        turns(50)
        ears = Ears(channel, 'closed')
        until(lambda: ears.heard)
        assert ears.heard == [('closed',)], ears.heard
    DevSsh.run(main())


def test_data_kept():
    """What a handler was given stays good behind it."""
    async def main():
        client, server = await connect()
        accepting = server.accept_channel_async(None)
        channel = await client.open_channel_async(None)
        theirs = await accepting
        kept, ears = [], Ears(theirs, 'closed')
        theirs.connect('data', lambda channel, data: kept.append(data))
        sent = [b'message %d ' % number * 20 for number in range(200)]
        for message in sent:
            channel.send_async(GLib.Bytes.new(message), None, None)
        channel.close()
        until(lambda: ears.heard)
        assert b''.join(data.get_data() for data in kept) == b''.join(sent)
    DevSsh.run(main())


def test_request_before_handler():
    """A channel's first request comes before the program that accepts it can connect."""
    async def main():
        client, server = await connect()
        accepting = server.accept_channel_async(None)
        channel = await client.open_channel_async(None)
        asking = channel.request_async('x@example.org', True, None)
        turns(20)
        theirs = await accepting
        turns(20)
        theirs.connect('request', lambda channel, request: request.complete(True) or True)
        assert await asking
        assert await channel.request_async('y@example.org', True, None)
    DevSsh.run(main())


class Quiet:
    """What handlers raise is shown to nobody."""
    def __enter__(self):
        self.hook, sys.excepthook = sys.excepthook, lambda *what: None

    def __exit__(self, *what):
        sys.excepthook = self.hook


async def is_refused(operation):
    try:
        await operation
    except GLib.Error as error:
        return error.matches(DevSsh.error_quark(), DevSsh.Error.REFUSED)
    return False


def test_exception_refuses():
    """A handler that says yes and then throws has refused; its channel, others and the session go on."""
    async def main():
        def handler(channel, request):
            request.complete(True)
            raise KeyError('mine')
        client, server = await connect()
        accepting = server.accept_channel_async(None)
        channel = await client.open_channel_async(None)
        theirs = await accepting
        ids = [theirs.connect('request', handler), server.connect('request', handler)]
        with Quiet():
            assert not await channel.request_async('x@example.org', True, None)
            assert await is_refused(channel.exec_async('ls'))
            assert not (await client.request_async('x@example.org', True, None))[0]
        theirs.disconnect(ids[0])
        server.disconnect(ids[1])
        theirs.connect('request', lambda channel, request: request.complete(True) or True)
        server.connect('request', lambda session, request: request.complete(True) or True)
        assert await channel.request_async('x@example.org', True, None)
        assert (await client.request_async('x@example.org', True, None))[0]
        accepting = server.accept_channel_async(None)
        await client.open_channel_async(None)
        await accepting
    DevSsh.run(main())


def test_exception_at_login():
    """The same of a login, which may be tried again, and of a host key, which ends the session."""
    async def main():
        def throw(session, question):
            question.accept(None)
            raise KeyError('mine')

        async def secure():
            ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection()
                    for end in socket.socketpair()]
            host = DevSsh.ServerCredentials.new()
            host.add_key(DevSsh.KeyPair.generate('ssh-ed25519', 0))
            client = DevSsh.ClientSession.new(ends[0], DevSsh.SessionConfig.new())
            server = DevSsh.ServerSession.new(ends[1], DevSsh.SessionConfig.new(), host)
            for one in [client.connect_async(None), server.connect_async(None)]:
                await one
            return client, server

        user = DevSsh.ClientCredentials.new('ada')
        user.set_password('enchantress')
        client, server = await secure()
        client.connect('authenticating', lambda session, question: question.accept(None) or True)
        thrower = server.connect('authenticating', throw)
        with Quiet():
            assert not await client.authenticate_async(user, None)
        assert server.get_is_connected() and not server.get_is_authenticated()
        server.disconnect(thrower)
        server.connect('authenticating', lambda session, question: question.accept(None) or True)
        assert await client.authenticate_async(user, None)

        client, server = await secure()
        client.connect('authenticating', throw)
        server.connect('authenticating', lambda session, question: question.accept(None) or True)
        with Quiet():
            assert not await client.authenticate_async(user, None)
        assert client.get_disconnect_reason() == DevSsh.DisconnectReason.HOST_KEY_NOT_VERIFIABLE
        until(lambda: server.get_is_closed())
        assert server.get_disconnect_reason() == DevSsh.DisconnectReason.HOST_KEY_NOT_VERIFIABLE
        assert not server.get_is_authenticated()
    DevSsh.run(main())


# The cases of docs/edge-cases.md that a test shows.
CASES = {'exception-refuses': '/E-17', 'exception-at-login': '/E-17/E-24'}


if __name__ == '__main__':
    sys.exit(tap.run('/python/channels', tap.tests_in(globals()), CASES))
