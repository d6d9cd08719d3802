#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server in Python that runs commands: what it sets, what it is asked, what it hears. Prints TAP."""
import socket
import sys
import traceback

import gi

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib  # noqa: E402


class Application:
    """The server's side: options when the service comes to life, and a yes to what is on a list."""

    def __init__(self, session, *commands, **options):
        self.commands, self.options = commands, options
        self.asked, self.heard = [], []
        session.connect('channel-opening', self.opening)
        session.connect('service-activated', self.activated)

    def opening(self, session, opening):
        opening.get_channel().connect('request', self.request)
        opening.accept()
        return True

    def request(self, channel, request):
        self.asked.append((request.get_request_type(), request.dup_command()))
        request.complete(request.dup_command() in self.commands)
        return True

    def activated(self, session, service):
        service.set_subsystem('count', ['/usr/bin/wc', '-c'])
        for name, value in self.options.items():
            service.set_property(name, value)
        service.connect('command-started', lambda runner, channel, *what: self.heard.append(what))
        service.connect('command-ended', lambda runner, channel, *how: self.heard.append(how))


async def connect(*commands, **options):
    """Two sessions in one process, without security: the client, and the server's application."""
    ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection() for end in socket.socketpair()]
    config = DevSsh.SessionConfig.new_no_security()
    client = DevSsh.ClientSession.new(ends[0], config)
    config.allow_plugins([DevSsh.SERVICE_NAME_COMMAND])
    server = DevSsh.ServerSession.new(ends[1], config, None)
    both = [client.connect_async(None), server.connect_async(None)]
    for one in both:
        await one
    application = Application(server, *commands, **options)
    application.session = server
    return client, application


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


def strings(*texts):
    writer = DevSsh.Writer.new()
    for text in texts:
        writer.put_utf8(text)
    return writer.end()


async def output_of(channel, request_type, *texts):
    """What comes of a request that starts something; None if it is refused."""
    got = []
    channel.connect('data', lambda channel, data: got.append(data.get_data()))
    if not await channel.request_async(request_type, True, strings(*texts)):
        return None
    channel.send_eof()
    until(channel.get_is_closed)
    return b''.join(got)


def test_exec():
    async def main():
        client, application = await connect('echo $GREETING; exit 3', **{
            'allowed-environment': ['GREETING'], 'base-environment': ['PATH=/usr/bin:/bin', 'OTHER=x'],
            'working-directory': '/'})
        channel = await client.open_channel_async()
        assert await channel.request_async(DevSsh.REQUEST_ENV, True, strings('GREETING', 'hello'))
        assert not await channel.request_async(DevSsh.REQUEST_ENV, True, strings('PATH', '/evil'))
        assert await output_of(channel, DevSsh.REQUEST_EXEC, 'echo $GREETING; exit 3') == b'hello\n'
        assert channel.get_exit_status() == 3
        until(lambda: len(application.heard) == 2)
        assert application.heard == [('exec', 'echo $GREETING; exit 3'), (3, None)], application.heard
        assert application.asked == [('exec', 'echo $GREETING; exit 3')], application.asked
    DevSsh.run(main())


def test_refused():
    async def main():
        client, application = await connect('true')
        channel = await client.open_channel_async()
        assert await output_of(channel, DevSsh.REQUEST_EXEC, 'false') is None
        assert not await channel.request_async(DevSsh.REQUEST_SHELL, True, None)
        assert application.asked == [('exec', 'false'), ('shell', None)] and not application.heard
    DevSsh.run(main())


def test_subsystem():
    async def main():
        client, application = await connect('count')
        channel = await client.open_channel_async()
        assert await output_of(channel, DevSsh.REQUEST_SUBSYSTEM, '/bin/sh') is None
        assert not application.asked
        channel.send_async(GLib.Bytes.new(b'12345'), None, None)
        assert await output_of(channel, DevSsh.REQUEST_SUBSYSTEM, 'count') == b'5\n'
    DevSsh.run(main())


def test_options():
    async def main():
        client, application = await connect()
        runner = application.session.activate_service(DevSsh.SERVICE_NAME_COMMAND)
        assert isinstance(runner, DevSsh.CommandRunner)
        assert runner.dup_subsystems() == ['count']
        assert runner.remove_subsystem('count') and not runner.remove_subsystem('count')
        assert (runner.dup_shell(), runner.get_allow_pty(), runner.get_hangup_grace()) == ('/bin/sh', False, 5)
        assert not runner.dup_allowed_environment() and not runner.dup_base_environment()
        runner.set_allowed_environment(['LANG', 'TZ'])
        assert runner.dup_allowed_environment() == ['LANG', 'TZ'] == runner.get_property('allowed-environment')
        runner.set_allow_pty(True)
        runner.set_hangup_grace(0)
        assert (runner.get_allow_pty(), runner.get_hangup_grace()) == (True, 0)
    DevSsh.run(main())


def main():
    tests = [(name.removeprefix('test_'), value) for name, value in globals().items() if name.startswith('test_')]
    failed = 0
    print(f'1..{len(tests)}')
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
        except Exception:
            failed += 1
            traceback.print_exc()
            print(f'not ok {number} /python/command/{name}', flush=True)
        else:
            print(f'ok {number} /python/command/{name}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
