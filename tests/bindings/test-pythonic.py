#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Python expects of an object that is open for a while, gives things one after the other, or carries bytes. Prints TAP."""
import gc
import os
import socket
import sys

import gi
import tap

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib  # noqa: E402


class Echo(DevSsh.Service):
    """Woken by its own rule."""
    activation = 'channel-type:echo@example.org'

    def do_channel_opening(self, opening):
        channel = opening.get_channel()
        channel.connect('data', lambda channel, data: channel.send_async(data, None, None))
        channel.connect('eof', lambda channel: channel.close())
        opening.accept()
        return True


class Named(DevSsh.Service):
    service_name = 'called so'
    activation = ['channel-type:named@example.org', 'session-request:named@example.org']

    def do_session_request(self, request):
        request.complete(True)
        return True


async def connect(*services):
    ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection() for end in socket.socketpair()]
    config = DevSsh.SessionConfig.new_no_security()
    for service in services:
        config.add_service(service)
    client = DevSsh.ClientSession.new(ends[0], DevSsh.SessionConfig.new_no_security())
    server = DevSsh.ServerSession.new(ends[1], config, None)
    both = [client.connect_async(None), server.connect_async(None)]
    for one in both:
        await one
    return client, server


def test_session_is_left():
    async def main():
        client, server = await connect()
        async with client as same:
            assert same is client and client.get_is_connected()
        assert client.get_is_closed() and client.get_disconnect_reason() == DevSsh.DisconnectReason.BY_APPLICATION
        # Twice does nothing.
        async with client:
            pass
        await server.wait_closed_async(None)
    DevSsh.run(main())


def test_exception_closes():
    async def main():
        client, server = await connect()
        try:
            async with client:
                raise ValueError('something else')
        except ValueError as error:
            assert str(error) == 'something else'
        else:
            assert False, 'it was swallowed'
        assert client.get_is_closed()
        server.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    DevSsh.run(main())


def test_bytes_there_and_back():
    async def main():
        client, server = await connect(Echo)
        async with client, await client.open_channel_async('echo@example.org') as channel:
            data = os.urandom(3 << 20)
            await channel.write(data)
            assert channel.send_eof()
            back = b''.join([chunk async for chunk in channel])
            assert back == data, (len(back), len(data))
            assert await channel.read() == b''
        assert channel.get_is_closed()
        server.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    DevSsh.run(main())


def test_bytes_of_all_kinds():
    async def main():
        client, server = await connect(Echo)
        async with client, await client.open_channel_async('echo@example.org') as channel:
            for data in (b'bytes', bytearray(b'array'), memoryview(b'view'), GLib.Bytes.new(b'glib')):
                await channel.send_async(data)
            channel.send_eof()
            assert b''.join([chunk async for chunk in channel]) == b'bytesarrayviewglib'
        server.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    DevSsh.run(main())


def test_nothing_is_kept():
    """A channel that was read from goes with its last user, and the session with it."""
    async def main(leave):
        client, server = await connect(Echo)
        channel = await client.open_channel_async('echo@example.org')
        await channel.write(b'x' * 100000)
        await channel.read(10)
        if leave:
            channel.user_data = 'of its user'
            async with channel:
                pass
        kept.extend([client.weak_ref(), channel.weak_ref()])
        return server

    for leave in (False, True):
        kept = []
        server = DevSsh.run(main(leave))
        while not server.get_is_closed():
            gc.collect()
            GLib.MainContext.default().iteration(False)
        while any(weak() for weak in kept):
            gc.collect()
            GLib.MainContext.default().iteration(False)


def test_read_is_given_up():
    """What comes later is for the next one who reads."""
    async def main():
        client, server = await connect(Echo)
        async with client, await client.open_channel_async('echo@example.org') as channel:
            reading = channel.read()
            assert reading.send(None)
            reading.close()
            await channel.write(b'later')
            assert await channel.read() == b'later'
        server.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    DevSsh.run(main())


def test_read_size():
    async def main():
        client, server = await connect(Echo)
        async with client, await client.open_channel_async('echo@example.org') as channel:
            await channel.write(b'0123456789')
            assert [await channel.read(4), await channel.read(4), await channel.read(4)] == [b'0123', b'4567', b'89']
        server.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    DevSsh.run(main())


def test_accepted():
    """Until the session ends, which is no error there."""
    async def main():
        client, server = await connect()
        opened = [client.open_channel_async(name) for name in ('one', 'two', 'three')]
        seen = []
        async for channel in server.accepted():
            seen.append(channel.get_channel_type())
            if len(seen) == 3:
                for operation in opened:
                    await operation
                client.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
        assert seen == ['one', 'two', 'three'], seen
        assert server.get_is_closed()
    DevSsh.run(main())


def test_loop_that_was_left():
    """Nothing is accepted for nobody."""
    async def main():
        client, server = await connect()
        opened = client.open_channel_async('one')
        async for channel in server.accepted():
            break
        await opened
        try:
            await client.open_channel_async('two')
        except GLib.Error as error:
            assert error.matches(DevSsh.channel_open_failure_quark(), DevSsh.ChannelOpenFailure.UNKNOWN_CHANNEL_TYPE), error
        else:
            assert False, 'a channel was accepted'
        client.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    DevSsh.run(main())


def test_only_of_a_type():
    async def main():
        client, server = await connect()
        wanted = client.open_channel_async('wanted')
        other = client.open_channel_async('other')
        async for channel in server.accepted('wanted'):
            assert channel.get_channel_type() == 'wanted'
            break
        await wanted
        try:
            await other
        except GLib.Error:
            pass
        else:
            assert False, 'another type was accepted'
        client.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    DevSsh.run(main())


def test_service_says_what_it_is():
    async def main():
        client, server = await connect(Echo, Named)
        services = []
        server.connect('service-activated', lambda session, service: services.append(type(service).__name__))
        async with client:
            granted, reply = await client.request_async('named@example.org', True, b'payload')
            assert granted and services == ['Named'], services
        server.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    DevSsh.run(main())


if __name__ == '__main__':
    sys.exit(tap.run('/python/pythonic', tap.tests_in(globals())))
