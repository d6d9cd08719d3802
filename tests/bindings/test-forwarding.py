#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forwarding as Python calls it, with listeners and message fields of its own. Prints TAP."""
import os
import socket
import sys
import tempfile

import gi
import tap

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib  # noqa: E402

KIND = DevSsh.PortForwardMessageKind


def config():
    made = DevSsh.SessionConfig.new_no_security()
    made.allow_plugins([DevSsh.SERVICE_NAME_PORT_FORWARDING])
    return made


async def connect():
    """Two sessions in one process, without security; the server's application accepts all."""
    ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection()
            for end in socket.socketpair()]
    client = DevSsh.ClientSession.new(ends[0], config())
    server = DevSsh.ServerSession.new(ends[1], config(), None)
    both = [client.connect_async(None), server.connect_async(None)]
    for one in both:
        await one
    server.connect('request', lambda session, request: request.complete(True) or True)
    server.connect('channel-opening', lambda session, opening: opening.get_is_remote() and (opening.accept() or True))
    return client, server


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


class Target:
    """A TCP port on loopback that keeps who connects."""

    def __init__(self):
        self.service = Gio.SocketService()
        self.port = self.service.add_any_inet_port(None)
        self.taken = []
        self.service.connect('incoming', lambda service, connection, source: self.taken.append(connection) or True)


def carries(one, other):
    for source, target, data in ((one, other, b'there'), (other, one, b'and back')):
        got = []
        target.get_input_stream().read_bytes_async(100, GLib.PRIORITY_DEFAULT, None,
                                                   lambda stream, result: got.append(stream.read_bytes_finish(result)))
        source.get_output_stream().write_bytes_async(GLib.Bytes.new(data), GLib.PRIORITY_DEFAULT, None, None)
        until(lambda: got)
        assert got[0].get_data() == data, got


def through(port, target):
    """A connection to port arrives at target."""
    made = []
    Gio.SocketClient().connect_to_host_async('127.0.0.1', port, None,
                                             lambda client, result: made.append(client.connect_to_host_finish(result)))
    until(lambda: made and target.taken)
    carries(made[0], target.taken.pop())


def test_from():
    async def main():
        client, server = await connect()
        target = Target()
        port = await client.forward_from_remote_port_async(None, 0, None, target.port)
        assert port.get_remote_port() > 0 and str(port.to_string()) == f'{target.port}<-{port.get_remote_port()}'
        through(port.get_remote_port(), target)
        assert server.get_port_forwarder().get_remote_forwarded_ports()[0].equal(
            server.get_port_forwarder().get_remote_forwarded_ports()[0])
        assert port.get_bytes_sent() > 0
    DevSsh.run(main())


def test_to_and_streams():
    async def main():
        client, server = await connect()
        target = Target()
        port = await client.forward_to_remote_port_async(None, 0, None, target.port)
        through(port.get_local_port(), target)
        stream = await client.stream_to_remote_port_async(None, target.port)
        until(lambda: target.taken)
        carries(stream, target.taken.pop())
        streamed = await client.stream_from_remote_port_async(None, 0)
        streams = []
        streamed.connect('stream-opened', lambda port, stream: streams.append(stream))
        theirs = await server.wait_for_forwarded_port_async(streamed.get_remote_port())
        assert theirs.get_is_remote()
        ours = await server.connect_to_forwarded_port_async(streamed.get_remote_port())
        until(lambda: streams)
        carries(ours, streams.pop())
    DevSsh.run(main())


def test_service_itself():
    """Its type comes out of a module that no typelib knows, and what it does can be awaited all the same."""
    async def main():
        client, server = await connect()
        forwarder = client.activate_service(DevSsh.SERVICE_NAME_PORT_FORWARDING)
        assert type(forwarder).__gtype__.name not in dir(DevSsh)
        assert isinstance(forwarder, DevSsh.PortForwarder) and isinstance(forwarder, DevSsh.Service)
        target = Target()
        port = await forwarder.forward_to_remote_port_async(None, 0, None, target.port)
        through(port.get_local_port(), target)
        stream = await forwarder.stream_to_remote_port_async(remote_host='127.0.0.1', remote_port=target.port)
        until(lambda: target.taken)
        carries(stream, target.taken.pop())
        assert server.get_services()[0] is server.get_port_forwarder()
    DevSsh.run(main())


def test_socket():
    async def main():
        client, server = await connect()
        target = Target()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'socket')
            port = await client.forward_from_remote_port_async(path, 0, None, target.port)
            assert port.get_remote_host() == path
            stream = await server.connect_to_forwarded_socket_async(path)
            until(lambda: target.taken)
            carries(stream, target.taken.pop())
            port.close()
            until(lambda: not os.listdir(folder))
    DevSsh.run(main())


def test_not_allowed():
    async def main():
        ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection()
                for end in socket.socketpair()]
        client = DevSsh.ClientSession.new(ends[0], DevSsh.SessionConfig.new_no_security())
        server = DevSsh.ServerSession.new(ends[1], config(), None)
        both = [client.connect_async(None), server.connect_async(None)]
        for one in both:
            await one
        try:
            await client.forward_from_remote_port_async(None, 0, None, 80)
        except GLib.Error as error:
            assert error.matches(DevSsh.error_quark(), DevSsh.Error.NO_SERVICE), error
            assert 'allow_plugins' in error.message, error
        else:
            assert False, 'no error'
    DevSsh.run(main())


def test_listener_factory():
    async def main():
        client, server = await connect()
        target = Target()
        calls = []

        def factory(forwarder, remote_port, address, local_port, can_change, *data):
            calls.append((remote_port, address, can_change))
            listener = Gio.SocketListener()
            where = Gio.InetSocketAddress.new_from_string(address, 0 if can_change else local_port)
            _, bound = listener.add_address(where, Gio.SocketType.STREAM, Gio.SocketProtocol.TCP, None)
            chosen.append(bound.get_port())
            return listener, bound.get_port()
        chosen = []
        server.get_port_forwarder().set_listener_factory(factory)
        asked = Target()            # taken: nobody else may have it, and nobody needs it
        port = await client.forward_from_remote_port_async('127.0.0.1', asked.port, None, target.port)
        assert port.get_remote_port() == asked.port and calls[0] == (asked.port, '127.0.0.1', True), calls
        assert set(chosen) == {chosen[0]} != {asked.port}, chosen
        through(chosen[0], target)
        assert not asked.taken
    DevSsh.run(main())


def quietly(function):
    """What a callback throws is shown by default."""
    hook, sys.excepthook = sys.excepthook, lambda *what: None
    try:
        return function()
    finally:
        sys.excepthook = hook


def test_listener_factory_throws():
    async def main():
        client, server = await connect()

        def mine(*args):
            raise KeyError('mine')

        def theirs(*args):
            raise GLib.Error.new_literal(Gio.io_error_quark(), 'not this one', Gio.IOErrorEnum.PERMISSION_DENIED)
        for factory, domain, code in ((mine, DevSsh.error_quark(), DevSsh.Error.REFUSED),
                                      (theirs, Gio.io_error_quark(), Gio.IOErrorEnum.PERMISSION_DENIED)):
            server.get_port_forwarder().set_listener_factory(factory)
            assert await client.forward_from_remote_port_async(None, 0, None, 80) is None
            client.get_port_forwarder().set_listener_factory(factory)
            try:
                await client.forward_to_remote_port_async(None, 0, None, 80)
            except GLib.Error as error:
                assert error.matches(domain, code), error
            else:
                assert False, 'no error'
    quietly(lambda: DevSsh.run(main()))


def test_message_factory():
    async def main():
        client, server = await connect()
        target = Target()
        asked = []
        opened = []
        server.connect('channel-opening', lambda session, opening: opened.append(opening) and False)

        def add(forwarder, kind, type, port, payload, *data):
            return GLib.Bytes.new(payload.get_data() + kind.value_nick.encode())
        for session in (client, server):
            session.get_port_forwarder().set_message_factory(add)
        client.connect('channel-opening', lambda session, opening: asked.append(opening) and False)
        port = await client.forward_from_remote_port_async(None, 0, None, target.port)
        reply = DevSsh.PortForwardMessage.parse_success(port.get_reply())
        assert reply.get_port() == port.get_remote_port() and reply.get_extra().get_data() == b'success'
        through(port.get_remote_port(), target)
        message = DevSsh.PortForwardMessage.parse(asked[0].get_channel_type(), asked[0].get_type_data())
        assert message.get_kind() == KIND.CHANNEL_OPEN and message.get_extra().get_data() == b'channel-open'
        assert message.get_host() == 'localhost' and message.get_port() == port.get_remote_port()
    DevSsh.run(main())


def test_message_factory_throws():
    async def main():
        client, server = await connect()

        def mine(*args):
            raise KeyError('mine')

        def theirs(*args):
            raise GLib.Error.new_literal(Gio.io_error_quark(), 'not this one', Gio.IOErrorEnum.PERMISSION_DENIED)
        for factory, domain, code in ((mine, DevSsh.error_quark(), DevSsh.Error.REFUSED),
                                      (theirs, Gio.io_error_quark(), Gio.IOErrorEnum.PERMISSION_DENIED),
                                      (lambda *args: GLib.Bytes.new(b'else'),
                                       Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_DATA)):
            client.get_port_forwarder().set_message_factory(factory)
            try:
                await client.forward_from_remote_port_async(None, 0, None, 80)
            except GLib.Error as error:
                assert error.matches(domain, code), error
            else:
                assert False, 'no error'
    quietly(lambda: DevSsh.run(main()))


if __name__ == '__main__':
    sys.exit(tap.run('/python/forwarding', tap.tests_in(globals())))
