#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Services that are Python classes, beside one in C and one in a plugin, all in one session.

  test-services.py C-SERVICE-LIBRARY PLUGIN-DIRECTORY        prints TAP
"""
import atexit
import ctypes
import gc
import os
import shutil
import socket
import struct
import sys
import tempfile
import weakref

import gi
import tap

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib, GObject  # noqa: E402


class Word(GObject.Object):
    """What a service is registered with."""

    def __init__(self, word):
        super().__init__()
        self.word = word


class Service(DevSsh.Service):
    """Writes down what happens to it, and does what it is told."""
    __gtype_name__ = 'TestPyService'
    history = []
    act = staticmethod(lambda service, question: answer(question))

    def __init__(self):
        super().__init__()
        self.count = 0

    def do_activated(self):
        self.history.append(f'+{self.get_name()}')

    def handle(self, question, name):
        self.count += 1
        self.history.append(f'{self.get_name()}:{name}')
        self.act(self, question)
        return True

    def do_session_request(self, request):
        return self.handle(request, request.get_request_type())

    def do_channel_opening(self, opening):
        return self.handle(opening, opening.get_channel_type())

    def do_channel_request(self, request):
        return self.handle(request, request.get_request_type())

    def do_closed(self):
        self.history.append(f'-{self.get_name()}')


def answer(question, yes=True):
    if isinstance(question, DevSsh.ChannelOpening):
        if yes:
            question.accept()
        else:
            question.reject(DevSsh.ChannelOpenFailure.RESOURCE_SHORTAGE, 'full')
    else:
        question.complete(yes)


def new_config():
    Service.history = []
    Service.act = staticmethod(lambda service, question: answer(question))
    return DevSsh.SessionConfig.new_no_security()


async def connect(config):
    ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection()
            for end in socket.socketpair()]
    client = DevSsh.ClientSession.new(ends[0], DevSsh.SessionConfig.new_no_security())
    server = DevSsh.ServerSession.new(ends[1], config, None)
    both = [client.connect_async(None), server.connect_async(None)]
    for one in both:
        await one
    server.connect('service-activated', lambda session, service: Service.history.append(f'!{service.get_name()}'))
    return client, server


async def close(client, server):
    await client.close_async(DevSsh.DisconnectReason.BY_APPLICATION, 'done', None)
    await server.wait_closed_async(None)


def happened():
    history, Service.history[:] = ' '.join(Service.history), []
    return history


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


async def asked(client, name, payload=b''):
    return (await client.request_async(name, True, GLib.Bytes.new(payload), None))[0]


async def opens(client, name):
    try:
        return await client.open_channel_async(name)
    except GLib.Error as error:
        assert error.domain == 'devssh-channel-error-quark', error
        return None


class Excepthook:
    """What vfuncs raise does not come back here: it goes to sys.excepthook."""

    def __enter__(self):
        self.raised = []
        self.before, sys.excepthook = sys.excepthook, lambda kind, value, trace: self.raised.append(kind)
        return self

    def __exit__(self, *what):
        sys.excepthook = self.before


def plugin_directory():
    """The installed plugin, in a directory that nobody else can write to: one, for its module is opened once."""
    if not plugin_directories:
        path = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, path)
        for name in ['libdevssh-port-forwarding.so', 'port-forwarding.plugin']:
            shutil.copyfile(os.path.join(sys.argv[2], name), os.path.join(path, name))
            os.chmod(os.path.join(path, name), 0o644)
        plugin_directories.append(path)
    return plugin_directories[0]


plugin_directories = []
RULES = {
    'service-request': (['service-request:x@example.org'], '+test !test'),
    'session-request': (['session-request:x@example.org'], '+test !test test:x@example.org'),
    'channel-type': (['channel-type:x@example.org'], '+test !test test:x@example.org'),
    'channel-request': (['channel-request:x@example.org'], '+test !test test:x@example.org'),
    'channel-type-and-request': (['channel-request:x@example.org channel-type:plain'], '+test !test test:x@example.org'),
}


def check_rule(kind):
    async def main():
        rules, expected = RULES[kind]
        config = new_config()
        config.add_service(Service, 'test', rules, Word('mine'))
        client, server = await connect(config)
        server.connect('channel-opening', lambda session, opening: opening.accept() or True)
        plain = await client.open_channel_async('plain')
        assert server.get_service('test') is None
        for repeated in [False, True]:
            if kind == 'service-request':
                assert await client.request_service_async('x@example.org')
            elif kind == 'session-request':
                assert await asked(client, 'x@example.org')
            elif kind == 'channel-type':
                assert await opens(client, 'x@example.org')
            else:
                assert await plain.request_async('x@example.org', True, None)
            assert happened() == (expected if not repeated else ' '.join(expected.split()[2:]))
            service = server.get_service('test')
            assert isinstance(service, Service) and service.get_config().word == 'mine'
        await close(client, server)
        assert happened() == '-test'
    DevSsh.run(main())


def test_by_name():
    async def main():
        config = new_config()
        config.add_service(Service, None, [], None)
        client, server = await connect(config)
        service = server.activate_service('TestPyService')
        assert isinstance(service, Service) and service.count == 0 and service.get_config() is None
        service.count = 5
        del service
        gc.collect()
        assert server.activate_service('TestPyService').count == 5
        assert happened() == '+TestPyService !TestPyService'
        await close(client, server)
    DevSsh.run(main())


def test_side_by_side():
    """One in Python, one in C, one in a plugin; each answers what is its own."""
    async def main():
        library = ctypes.CDLL(sys.argv[1])
        config = new_config()
        config.add_service(Service, 'python', ['session-request:python@example.org'], Word('mine'))
        assert library.test_add_c_service(ctypes.c_void_p(hash(config)))
        config.add_plugin_directory(plugin_directory())
        config.allow_plugins(['port-forwarding'])
        client, server = await connect(config)
        server.connect('request', lambda session, request: request.complete(True) or True)
        plugins = config.list_plugins()
        states = []
        plugins[2].connect('notify::state', lambda info, pspec: states.append(info.get_state()))
        assert [info.get_name() for info in plugins] == ['python', 'c', 'port-forwarding']

        assert await asked(client, 'python@example.org')
        yes, reply = await client.request_async('c@example.org', True, None, None)
        assert yes and reply.get_data() == b'c GObject', reply.get_data()
        address = b'127.0.0.1'
        yes, reply = await client.request_async(
            'tcpip-forward', True, GLib.Bytes.new(struct.pack('>I9sI', len(address), address, 0)), None)
        assert yes
        port, = struct.unpack('>I', reply.get_data())
        socket.create_connection(('127.0.0.1', port)).close()
        assert [service.get_name() for service in server.get_services()] == ['python', 'c', 'port-forwarding']
        assert happened() == '+python !python python:python@example.org !c !port-forwarding'
        until(lambda: states)
        assert states == [DevSsh.PluginState.LOADED], states
        await close(client, server)
        assert happened() == '-python'
    DevSsh.run(main())


def test_before_plugins():
    """What the program registers stands before what is installed, by its rules and by its name."""
    async def main():
        for name in ['mine', 'port-forwarding']:
            config = new_config()
            config.add_service(Service, name, ['session-request:tcpip-forward'], None)
            config.add_plugin_directory(plugin_directory())
            config.allow_plugins(None)
            client, server = await connect(config)
            assert await asked(client, 'tcpip-forward')
            assert happened() == f'+{name} !{name} {name}:tcpip-forward'
            refused = not await asked(client, 'cancel-tcpip-forward', struct.pack('>I9sI', 9, b'127.0.0.1', 1))
            assert refused
            has_plugin = isinstance(server.get_service('port-forwarding'), DevSsh.PortForwarder)
            assert has_plugin == (name == 'mine')
            hidden = config.list_plugins()[1].get_services()[0].get_hidden_by()
            assert hidden == (name if name == 'port-forwarding' else None)
            await close(client, server)
    DevSsh.run(main())


def test_name_taken():
    config = new_config()
    config.add_service(Service, 'test', [], None)
    for kind, name, rules in [(Service, 'test', []), (Service, '', []), (Service, 'other', ['nonsense:x']),
                              (GObject.Object, 'other', []), (DevSsh.Service, 'other', [])]:
        try:
            config.add_service(kind, name, rules, None)
        except GLib.Error as error:
            assert error.matches(DevSsh.error_quark(), DevSsh.Error.INVALID_CONFIG), error
        else:
            assert False, f'{kind} {name} {rules} was taken'


def test_exceptions_refuse():
    async def main():
        def act(service, question):
            answer(question)
            raise KeyError('mine')
        config = new_config()
        config.add_service(Service, 'test', ['session-request:x', 'channel-type:x', 'channel-request:x'], None)
        client, server = await connect(config)
        server.connect('channel-opening', lambda session, opening: opening.accept() or True)
        plain = await client.open_channel_async('plain')
        Service.act = staticmethod(act)
        with Excepthook() as hook:
            assert not await asked(client, 'x')
            assert not await opens(client, 'x')
            assert not await plain.request_async('x', True, None)
        assert hook.raised == [KeyError] * 3, hook.raised
        Service.act = staticmethod(lambda service, question: answer(question))
        assert await asked(client, 'x')
        await close(client, server)
    DevSsh.run(main())


class Clumsy(DevSsh.Service):
    __gtype_name__ = 'TestPyClumsy'

    def do_activated(self):
        raise KeyError('activated')

    def do_session_request(self, request):
        request.complete(True)
        return True

    def do_closed(self):
        raise KeyError('closed')


def test_exceptions_elsewhere():
    async def main():
        config = new_config()
        config.add_service(Clumsy, 'clumsy', ['session-request:x'], None)
        config.add_service(Service, 'test', ['session-request:y'], None)
        client, server = await connect(config)
        with Excepthook() as hook:
            assert await asked(client, 'y')
            assert await asked(client, 'x')
            await close(client, server)
        assert hook.raised == [KeyError, KeyError], hook.raised
        assert happened() == '+test !test test:y !clumsy -test'
    DevSsh.run(main())


class NoLicence(DevSsh.Service, Gio.Initable):
    __gtype_name__ = 'TestPyNoLicence'
    licence = False

    def do_init(self, cancellable):
        if not self.licence:
            raise GLib.Error('no licence for today', 'g-io-error-quark', Gio.IOErrorEnum.FAILED)
        return True

    def do_session_request(self, request):
        request.complete(True)
        return True


def test_cannot_start():
    async def main():
        config = new_config()
        config.add_service(NoLicence, 'licensed', ['session-request:x'], None)
        client, server = await connect(config)
        assert not await asked(client, 'x')
        try:
            server.activate_service('licensed')
        except GLib.Error as error:
            assert error.matches(DevSsh.error_quark(), DevSsh.Error.PLUGIN) and 'no licence' in error.message, error
        else:
            assert False, 'it has started'
        NoLicence.licence = True
        assert await asked(client, 'x')
        await close(client, server)
    DevSsh.run(main())


def test_late():
    async def main():
        kept = []
        config = new_config()
        config.add_service(Service, 'test', ['channel-type:late'], None)
        config.add_service(Service, 'other', ['session-request:x'], None)
        client, server = await connect(config)
        Service.act = staticmethod(lambda service, question: kept.append(question))
        late, dropped = [client.open_channel_async('late') for _ in range(2)]
        until(lambda: len(kept) == 2)
        Service.act = staticmethod(lambda service, question: answer(question))
        assert await asked(client, 'x')
        kept[0].accept()
        assert (await late).get_channel_type() == 'late'

        # Kept for a while, then thrown away: refused.
        kept.clear()
        gc.collect()
        try:
            await dropped
        except GLib.Error as error:
            assert error.domain == 'devssh-channel-error-quark', error
        else:
            assert False, 'a question that nobody answered was answered yes'
        await close(client, server)
    DevSsh.run(main())


def test_asks_application():
    async def main():
        verdicts = []

        def act(service, opening):
            def done(source, result):
                try:
                    verdicts.append(source.ask_finish(result))
                    opening.accept()
                except GLib.Error as error:
                    verdicts.append(error.code)
                    opening.reject(DevSsh.ChannelOpenFailure.ADMINISTRATIVELY_PROHIBITED, error.message)
            service.ask_async(opening, None, done)
        config = new_config()
        config.add_service(Service, 'test', ['channel-type:x'], None)
        client, server = await connect(config)
        Service.act = staticmethod(act)
        assert not await opens(client, 'x')
        handler = server.connect('channel-opening', lambda session, opening: opening.accept() or True)
        assert await opens(client, 'x')
        server.disconnect(handler)
        assert verdicts == [DevSsh.Error.REFUSED, True], verdicts
        await close(client, server)
    DevSsh.run(main())


def test_freed():
    async def main():
        config = new_config()
        config.add_service(Service, 'test', ['session-request:x'], Word('mine'))
        client, server = await connect(config)
        assert await asked(client, 'x')
        service = weakref.ref(server.get_service('test'))
        gc.collect()
        assert service() is not None
        await close(client, server)
        gc.collect()
        assert service() is None
    DevSsh.run(main())


def test_registry():
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)

        def put(name, text):
            with open(f'{directory}/{name}.plugin', 'w', encoding='utf-8') as keyfile:
                keyfile.write(text)
            os.chmod(f'{directory}/{name}.plugin', 0o644)
        put('bad', 'rubbish')
        put('good', '[Plugin]\nModule=x\nAbi=1\nName=Good\n[Service TestX]\nName=x\nActivateOn=channel-type:a;channel-type:b\n')
        registry = DevSsh.PluginRegistry(directories=[directory])
        assert registry.get_directories() == [directory] and len(registry) == 2
        bad, good = registry
        assert bad.get_state() == DevSsh.PluginState.FAILED and 'bad.plugin' in bad.get_error().message
        assert good.props.origin == DevSsh.PluginOrigin.DIRECTORY and good.get_error() is None
        assert good.props.title == 'Good' and good.get_path() == f'{directory}/good.plugin'
        service, = good.get_services()
        assert service.get_rules() == ['channel-type:a', 'channel-type:b'] and service.props.type_name == 'TestX'

        changes = []
        registry.connect('items-changed', lambda model, *change: changes.append(change))
        os.remove(f'{directory}/bad.plugin')
        registry.refresh()
        assert changes == [(0, 1, 0)] and list(registry) == [good]


def main():
    tests = [(f'rule/{kind}', lambda kind=kind: check_rule(kind)) for kind in RULES]
    return tap.run('/python/services', tests + tap.tests_in(globals()))


if __name__ == '__main__':
    sys.exit(main())
