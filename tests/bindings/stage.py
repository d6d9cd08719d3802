# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes each signal, each virtual method and each factory of the library happen for real, between two sessions.

A row connects what a test wants to see called, and makes it happen as often as the test has turns. In some turns the
handler raises instead of answering, or behind its answer; the row says what has come of it.
"""
import functools
import gc
import os
import resource
import shutil
import socket
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib, GObject  # noqa: E402

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
HOST_KEY = DevSsh.KeyPair.generate('ecdsa-sha2-nistp256', 0)
USER_KEY = DevSsh.KeyPair.generate('ssh-ed25519', 0)
BYE = DevSsh.DisconnectReason.BY_APPLICATION
ROWS = {}


def namespace_of(gir):
    return ElementTree.parse(gir).getroot().find(f'{CORE}namespace')


class Mine(Exception):
    """What a handler of these tests raises."""


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


# ---- what a row is given ----

class Watch:
    """The handlers under test. ways: one for each turn: 'answers', 'raises' or 'answers and raises'."""

    def __init__(self, ways, check=lambda self, args: None):
        self.ways = ways
        self.check = check
        self.way = ways[0]
        self.calls = []
        self.raised = []

    def handle(self, answer, *args):
        self.calls.append(args)
        self.check(self, args)
        if self.way == 'raises':
            raise Mine
        result = answer(*args)
        if self.way == 'answers and raises':
            raise Mine
        return result

    def handler(self, answer):
        return lambda *args: self.handle(answer, *args)

    def connect(self, instance, signal, answer=lambda *args: None):
        self.signal = signal
        return instance.connect(signal, self.handler(answer))

    def turns(self, question=False):
        """One turn for each way; what only tells something has no answer to raise behind."""
        hook, sys.excepthook = sys.excepthook, self.excepthook
        try:
            for self.way in self.ways:
                if self.way == 'answers and raises' and not question:
                    continue
                self.calls, self.raised, self.verdict = [], [], None
                yield self
                assert self.calls, f'nothing came when it {self.way}'
                assert self.raised == ([] if self.good else [Mine] * len(self.calls)), (self.way, self.raised)
                assert self.verdict is (self.good if question else None), f'{self.way}, and: {self.verdict}'
        finally:
            sys.excepthook = hook

    def excepthook(self, kind, value, trace):
        assert trace is not None
        self.raised.append(kind)

    @property
    def good(self):
        return self.way == 'answers'

    def heard(self):
        until(lambda: self.calls)

    async def granted(self, operation, refusals=()):
        """What came of a question. A refusal is FALSE, NULL or an error of a domain in refusals."""
        try:
            self.verdict = bool(await operation)
        except GLib.Error as error:
            assert error.domain in refusals, error
            self.verdict = False


def row(*names):
    """names: as they stand in the GIR, with :: before a signal and a . before the rest."""
    def add(function):
        for name in names:
            ROWS.setdefault(name, []).append(function)
        return function
    return add


# ---- two sessions ----

def yes(*args):
    question = args[-1]
    if isinstance(question, DevSsh.Authentication):
        question.accept(None)
    elif isinstance(question, (DevSsh.ChannelRequest, DevSsh.SessionRequest)):
        question.complete(True)
    else:
        question.accept()
    return True


def wire():
    """Two ends of a connection, and what breaks it."""
    ends = [Gio.Socket.new_from_fd(end.detach()) for end in socket.socketpair()]
    return (*[end.connection_factory_create_connection() for end in ends], lambda: ends[0].shutdown(True, True))


async def both(*operations):
    for one in operations:
        await one


def host(key=HOST_KEY):
    credentials = DevSsh.ServerCredentials.new()
    credentials.add_key(key)
    return credentials


def user(password='secret'):
    credentials = DevSsh.ClientCredentials.new('test')
    if password:
        credentials.set_password(password)
    return credentials


async def plain(config=None, client_config=None):
    """Without security; the config is the server's."""
    near, far, _ = wire()
    client = DevSsh.ClientSession.new(near, client_config or DevSsh.SessionConfig.new_no_security())
    server = DevSsh.ServerSession.new(far, config or DevSsh.SessionConfig.new_no_security(), None)
    await both(client.connect_async(None), server.connect_async(None))
    return client, server


def can_reconnect(config):
    return DevSsh.EXTENSION_SESSION_RECONNECT in config.get_protocol_extensions()


def secure(config=None, credentials=None):
    """Not connected yet."""
    near, far, cut = wire()
    config = config or DevSsh.SessionConfig.new()
    client = DevSsh.ClientSession.new(near, config)
    sessions = DevSsh.ReconnectableSessions.new() if can_reconnect(config) else None
    server = DevSsh.ServerSession(stream=far, config=config, credentials=credentials or host(), reconnectable_sessions=sessions)
    return client, server, cut


async def login(client, server, credentials=None):
    await both(client.connect_async(None), server.connect_async(None))
    return await client.authenticate_async(credentials or user(), None)


async def logged_in(config=None):
    client, server, cut = secure(config)
    for session in client, server:
        session.connect('authenticating', yes)
    assert await login(client, server)
    return client, server, cut


async def still_good(client, server):
    """The session goes on."""
    accepting = server.accept_channel_async('still-good', None)
    await both(client.open_channel_async('still-good', None), accepting)


async def channels(client, server):
    accepting = server.accept_channel_async(None, None)
    ours = await client.open_channel_async(None, None)
    return ours, await accepting


def allowing(plugin):
    config = DevSsh.SessionConfig.new_no_security()
    config.allow_plugins([plugin])
    return config


DISCONNECTED = ['devssh-connection-error-quark', 'devssh-error-quark']
NOT_OPENED = ['devssh-channel-error-quark']

# ---- channels ----


@row('Channel::data')
async def channel_data(watch):
    client, server = await plain()
    ours, theirs = await channels(client, server)
    watch.connect(theirs, 'data')
    for turn in watch.turns():
        await ours.send_async(b'data', None)
        turn.heard()
    await still_good(client, server)


@row('Channel::extended-data')
async def channel_extended_data(watch):
    client, server = await plain()
    ours, theirs = await channels(client, server)
    watch.connect(theirs, 'extended-data')
    for turn in watch.turns():
        await ours.send_extended_async(1, b'data', None)
        turn.heard()
    await still_good(client, server)


@row('Channel::request')
async def channel_request(watch):
    client, server = await plain()
    ours, theirs = await channels(client, server)
    watch.connect(theirs, 'request', yes)
    for turn in watch.turns(question=True):
        await turn.granted(ours.request_async('x@example.org', True, b'payload', None))
    await still_good(client, server)


async def channel_ends(watch, signal, end):
    client, server = await plain()
    for turn in watch.turns():
        ours, theirs = await channels(client, server)
        theirs.set_manual_close(signal == 'close-received')
        theirs.connect('data', lambda channel, data: None)
        watch.connect(theirs, signal)
        end(ours)
        turn.heard()
        theirs.close()
        until(ours.get_is_closed)
    await still_good(client, server)


@row('Channel::eof')
async def channel_eof(watch):
    await channel_ends(watch, 'eof', DevSsh.Channel.send_eof)


@row('Channel::close-received')
async def channel_close_received(watch):
    await channel_ends(watch, 'close-received', DevSsh.Channel.close)


@row('Channel::closed')
async def channel_closed(watch):
    await channel_ends(watch, 'closed', DevSsh.Channel.close)


# ---- sessions ----

@row('Session::channel-opening')
async def session_channel_opening(watch):
    client, server = await plain()
    watch.connect(server, 'channel-opening', yes)
    for turn in watch.turns(question=True):
        await turn.granted(client.open_channel_async('x@example.org', None), NOT_OPENED)
    await still_good(client, server)


@row('Session::channel-opening')
async def session_channel_that_somebody_accepts(watch):
    """Who raises has not left the question to those who wait for a channel."""
    client, server = await plain()
    watch.connect(server, 'channel-opening', yes)
    for turn in watch.turns(question=True):
        cancellable, accepted = Gio.Cancellable(), []
        server.accept_channel_async('x@example.org', cancellable, lambda server, result: accepted.append(result))
        await turn.granted(client.open_channel_async('x@example.org', None), NOT_OPENED)
        assert turn.good or not accepted, turn.way
        cancellable.cancel()
        until(lambda: accepted)
    await still_good(client, server)


@row('Session::request')
async def session_request(watch):
    client, server = await plain()
    watch.connect(server, 'request', yes)
    for turn in watch.turns(question=True):
        await turn.granted(first_of(client.request_async('x@example.org', True, b'payload', None)))
    await still_good(client, server)


async def first_of(operation):
    return (await operation)[0]


@row('Session::authenticating')
async def client_asks_for_host(watch):
    for turn in watch.turns(question=True):
        client, server, _ = secure()
        watch.connect(client, 'authenticating', yes)
        server.connect('authenticating', yes)
        await turn.granted(login(client, server), DISCONNECTED)
        assert server.get_is_authenticated() == turn.good
        if turn.good:
            await still_good(client, server)


@row('Session::authenticating')
async def server_asks_for_user(watch):
    for turn in watch.turns(question=True):
        client, server, _ = secure()
        client.connect('authenticating', yes)
        watch.connect(server, 'authenticating', yes)
        await turn.granted(login(client, server), DISCONNECTED)
        assert server.get_is_authenticated() == turn.good
        if turn.good:
            await still_good(client, server)


@row('Session::closed')
async def session_closed(watch):
    for turn in watch.turns():
        client, server = await plain()
        watch.connect(server, 'closed')
        client.close(BYE, 'bye')
        turn.heard()
        until(server.get_is_closed)


@row('Session::disconnected')
async def session_disconnected(watch):
    for turn in watch.turns():
        client, server, cut = await logged_in(DevSsh.SessionConfig.new_with_reconnect())
        await client.wait_until_reconnect_enabled_async(None)
        await server.wait_until_reconnect_enabled_async(None)
        watch.connect(client, 'disconnected')
        cut()
        turn.heard()
        assert not client.get_is_closed()
        await reconnect(client, server)


async def reconnect(client, server):
    near, far, _ = wire()
    until(lambda: not client.get_is_connected() and not server.get_is_connected())
    temporary = DevSsh.ServerSession.new_reconnectable(far, server.get_config(), host(), server.get_reconnectable_sessions())
    connecting = temporary.connect_async(None)
    assert await client.reconnect_async(near, None)
    await connecting
    until(lambda: server.get_is_connected())
    await still_good(client, server)


@row('ServerSession::reconnected')
async def session_reconnected(watch):
    for turn in watch.turns():
        client, server, cut = await logged_in(DevSsh.SessionConfig.new_with_reconnect())
        await client.wait_until_reconnect_enabled_async(None)
        await server.wait_until_reconnect_enabled_async(None)
        watch.connect(server, 'reconnected')
        cut()
        await reconnect(client, server)
        turn.heard()


def keepalives():
    config = DevSsh.SessionConfig.new_no_security()
    config.set_keepalive_interval(1)
    return config


@row('Session::keepalive-succeeded')
async def session_keepalive_succeeded(watch):
    client, server = await plain(client_config=keepalives())
    watch.connect(client, 'keepalive-succeeded')
    for turn in watch.turns():
        turn.heard()
    await still_good(client, server)


@row('Session::keepalive-failed')
async def session_keepalive_failed(watch):
    ends = socket.socketpair()
    near = Gio.Socket.new_from_fd(ends[0].detach()).connection_factory_create_connection()
    client = DevSsh.ClientSession.new(near, keepalives())
    watch.connect(client, 'keepalive-failed')
    server, cut = relayed(ends[1])
    await both(client.connect_async(None), server.connect_async(None))
    cut()
    for turn in watch.turns():
        turn.heard()
    assert not client.get_is_closed()


def relayed(near):
    """A server behind a relay, and what stops it: nothing passes any more, and nobody hangs up."""
    one, far = socket.socketpair()
    server = DevSsh.ServerSession.new(Gio.Socket.new_from_fd(far.detach()).connection_factory_create_connection(),
                                      DevSsh.SessionConfig.new_no_security(), None)
    sources = []

    def relay(source, condition, target):
        data = os.read(source, 65536)
        target.sendall(data)
        return bool(data)
    for source, target in ((near, one), (one, near)):
        sources.append(GLib.io_add_watch(source.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN, relay, target))
    return server, lambda: [GLib.source_remove(source) for source in sources]


@row('Session::progress')
async def session_progress(watch):
    for turn in watch.turns():
        near, far, _ = wire()
        client = DevSsh.ClientSession.new(near, DevSsh.SessionConfig.new_no_security())
        server = DevSsh.ServerSession.new(far, DevSsh.SessionConfig.new_no_security(), None)
        watch.connect(client, 'progress')
        await both(client.connect_async(None), server.connect_async(None))
        turn.heard()
        await still_good(client, server)


@row('Session::trace')
async def session_trace(watch):
    client, server = await plain()
    watch.connect(client, 'trace')
    for turn in watch.turns():
        await still_good(client, server)
        turn.heard()


@row('ServerSession::client-authenticated')
async def session_client_authenticated(watch):
    for turn in watch.turns():
        client, server, _ = secure()
        for session in client, server:
            session.connect('authenticating', yes)
        watch.connect(server, 'client-authenticated')
        assert await login(client, server)
        turn.heard()
        await still_good(client, server)


@row('ClientSession::banner')
async def session_banner(watch):
    for turn in watch.turns():
        client, server, _ = secure()
        client.connect('authenticating', yes)

        def welcome(session, question):
            banner = DevSsh.Writer.new()
            banner.put_byte(53)                     # RFC 4252, 5.4
            banner.put_utf8('Welcome')
            banner.put_utf8('')
            return session.send_message(banner.end()) and yes(question)
        server.connect('authenticating', welcome)
        watch.connect(client, 'banner')
        assert await login(client, server)
        turn.heard()
        await still_good(client, server)


# ---- metrics ----

@row('SessionMetrics::message-sent')
async def metrics_message_sent(watch):
    await metrics(watch, 'message-sent')


@row('SessionMetrics::message-received')
async def metrics_message_received(watch):
    await metrics(watch, 'message-received')


async def metrics(watch, signal):
    client, server = await plain()
    watch.connect(client.get_metrics(), signal)
    for turn in watch.turns():
        await still_good(client, server)
        turn.heard()


@row('SessionMetrics::latency-updated')
async def metrics_latency_updated(watch):
    client, server, _ = await logged_in(DevSsh.SessionConfig.new_with_reconnect())
    await client.wait_until_reconnect_enabled_async(None)
    await server.wait_until_reconnect_enabled_async(None)
    watch.connect(client.get_metrics(), 'latency-updated')
    for turn in watch.turns():
        await still_good(client, server)
        turn.heard()


@row('SessionMetrics::session-closed')
async def metrics_session_closed(watch):
    for turn in watch.turns():
        client, server = await plain()
        watch.connect(client.get_metrics(), 'session-closed')
        client.close(BYE, 'bye')
        turn.heard()


# ---- credentials and hosts ----

@row('ClientCredentials::password-requested')
async def password_requested(watch):
    for turn in watch.turns(question=True):
        client, server, _ = secure()
        for session in client, server:
            session.connect('authenticating', yes)
        credentials = user(None)
        watch.connect(credentials, 'password-requested',
                      lambda credentials, request: request.provide_password(None, 'secret') or True)
        await turn.granted(login(client, server, credentials), DISCONNECTED + ['g-io-error-quark'])


def public_half(key):
    return DevSsh.KeyPair.new_for_public_blob(key.get_public_blob())


@row('ClientCredentials::private-key-requested')
async def private_key_requested(watch):
    for turn in watch.turns(question=True):
        client, server, _ = secure()
        for session in client, server:
            session.connect('authenticating', yes)
        credentials = user(None)
        credentials.add_key(public_half(USER_KEY))
        watch.connect(credentials, 'private-key-requested',
                      lambda credentials, request: request.provide_key(USER_KEY) or True)
        await turn.granted(login(client, server, credentials), DISCONNECTED + ['g-io-error-quark'])


@row('ServerCredentials::private-key-requested')
async def host_key_requested(watch):
    for turn in watch.turns(question=True):
        credentials = host(public_half(HOST_KEY))
        watch.connect(credentials, 'private-key-requested',
                      lambda credentials, request: request.provide_key(HOST_KEY) or True)
        client, server, _ = secure(credentials=credentials)
        for session in client, server:
            session.connect('authenticating', yes)
        await turn.granted(login(client, server), DISCONNECTED)


async def host_is_asked_for(watch, signal, policy, question=False, file=None, answer=lambda *args: None, ask=None):
    for turn in watch.turns(question):
        client, server, _ = secure()
        server.connect('authenticating', yes)
        verifier = DevSsh.HostKeyVerifier.new(None, policy)
        if file:
            verifier.set_file(Gio.File.new_for_path(file(len(turn.ways))))
        watch.connect(verifier, signal, answer)
        if ask:
            verifier.connect('ask', ask)
        verifier.attach(client, 'host.example', 2222)
        if question:
            await turn.granted(login(client, server), DISCONNECTED)
        else:
            try:
                await login(client, server)
            except GLib.Error as error:
                assert error.domain in DISCONNECTED, error
            turn.heard()


@row('HostKeyVerifier::ask')
async def host_ask(watch):
    await host_is_asked_for(watch, 'ask', DevSsh.HostKeyPolicy.ASK, True,
                            answer=lambda verifier, question: question.accept(False) or True)


@row('HostKeyVerifier::refused')
async def host_refused(watch):
    await host_is_asked_for(watch, 'refused', DevSsh.HostKeyPolicy.STRICT)


def remember(verifier, question):
    question.accept(True)
    return True


@row('HostKeyVerifier::added')
async def host_added(watch):
    folders = []

    def file(number):
        folders.append(tempfile.mkdtemp())
        return folders[-1] + '/known_hosts'
    try:
        await host_is_asked_for(watch, 'added', DevSsh.HostKeyPolicy.ASK, file=file, ask=remember)
    finally:
        for folder in folders:
            shutil.rmtree(folder)


@row('HostKeyVerifier::add-failed')
async def host_add_failed(watch):
    await host_is_asked_for(watch, 'add-failed', DevSsh.HostKeyPolicy.ASK, ask=remember,
                            file=lambda number: '/dev/null/known_hosts')


# ---- streams ----

def secure_streams(sessions=None):
    near, far, cut = wire()
    return (DevSsh.SecureStream.new_client(near, user(), sessions is not None),
            DevSsh.SecureStream.new_server(far, host(), sessions), cut)


async def connected_streams(reconnect=True):
    sessions = DevSsh.ReconnectableSessions.new() if reconnect else None
    client, server, cut = secure_streams(sessions)
    for stream in client, server:
        stream.connect('authenticating', yes)
    await both(client.connect_async(None), server.connect_async(None))
    if reconnect:
        for stream in client, server:
            await stream.get_session().wait_until_reconnect_enabled_async(None)
    return client, server, sessions, cut


@row('SecureStream::authenticating')
async def secure_stream_authenticating(watch):
    for end in 0, 1:
        for turn in watch.turns(question=True):
            streams = secure_streams()
            watch.connect(streams[end], 'authenticating', yes)
            streams[1 - end].connect('authenticating', yes)
            other = streams[1 - end].connect_async(None)
            await turn.granted(streams[end].connect_async(None), DISCONNECTED)
            try:
                await other
            except GLib.Error as error:
                assert not turn.good and error.domain in DISCONNECTED, error


@row('SecureStream::closed')
async def secure_stream_closed(watch):
    for turn in watch.turns():
        client, server, *_ = await connected_streams(reconnect=False)
        watch.connect(server, 'closed')
        client.close(None)
        turn.heard()
        assert server.get_is_closed()


@row('SecureStream::disconnected')
async def secure_stream_disconnected(watch):
    for turn in watch.turns():
        client, server, sessions, cut = await connected_streams()
        watch.connect(client, 'disconnected')
        cut()
        turn.heard()
        near, far, _ = wire()
        until(lambda: not server.get_session().get_is_connected())
        third = DevSsh.SecureStream.new_server(far, host(), sessions)
        third.connect('authenticating', yes)
        connecting = third.connect_async(None)
        assert await client.reconnect_async(near, None)
        await connecting


async def multi_channel_streams():
    near, far, _ = wire()
    streams = DevSsh.MultiChannelStream.new(near), DevSsh.MultiChannelStream.new(far)
    await both(*[stream.connect_async(None) for stream in streams])
    return streams


@row('MultiChannelStream::channel-opening')
async def multi_channel_opening(watch):
    """Here nobody's answer means that the channel waits for accept_channel()."""
    left, right = await multi_channel_streams()
    watch.connect(right, 'channel-opening', yes)
    for turn in watch.turns(question=True):
        await turn.granted(left.open_channel_async('x@example.org', None), NOT_OPENED)
    await both(left.open_channel_async('other', None), right.accept_channel_async('other', None))


@row('MultiChannelStream::closed')
async def multi_channel_closed(watch):
    for turn in watch.turns():
        left, right = await multi_channel_streams()
        watch.connect(right, 'closed')
        left.close()
        turn.heard()
        assert right.get_is_closed()


# ---- clients and servers ----

class Listening:
    """A server on loopback that lets everybody in and grants everything, but for what is under test."""

    def __init__(self, **others):
        self.server = DevSsh.Server.new(DevSsh.SessionConfig.new(), host())
        for signal in ('session-authenticating', 'session-channel-opening', 'session-request', 'session-channel-request'):
            if signal not in others:
                self.server.connect(signal, yes)
        self.port = self.server.listen('127.0.0.1', 0)

    async def session(self):
        client = await DevSsh.Client.new(None).connect_to_host_async('127.0.0.1', self.port, None)
        client.connect('authenticating', yes)
        assert await client.authenticate_async(user(), None)
        return client


async def server_hears(watch, signal, then=lambda client: None):
    listening = Listening()
    watch.connect(listening.server, signal)
    for turn in watch.turns():
        client = await listening.session()
        then(client)
        turn.heard()
        if not client.get_is_closed():
            await client.open_channel_async(None, None)


@row('Server::session-opened')
async def server_session_opened(watch):
    await server_hears(watch, 'session-opened')


@row('Server::session-closed')
async def server_session_closed(watch):
    await server_hears(watch, 'session-closed', lambda client: client.close(BYE, 'bye'))


async def server_asks(watch, signal, operation, refusals=()):
    listening = Listening(**{signal: None})
    watch.connect(listening.server, signal, yes)
    client = await listening.session() if signal != 'session-authenticating' else None
    for turn in watch.turns(question=True):
        await turn.granted(operation(listening, client), refusals)
    if client:
        assert not client.get_is_closed()


async def truth(operation):
    """Of logging in, which raises what is asserted."""
    try:
        return bool(await operation)
    except AssertionError:
        return False


@row('Server::session-authenticating')
async def server_session_authenticating(watch):
    await server_asks(watch, 'session-authenticating', lambda listening, client: truth(listening.session()), DISCONNECTED)


@row('Server::session-channel-opening')
async def server_session_channel_opening(watch):
    await server_asks(watch, 'session-channel-opening', lambda listening, client: client.open_channel_async(None, None),
                      NOT_OPENED)


@row('Server::session-request')
async def server_session_request(watch):
    await server_asks(watch, 'session-request',
                      lambda listening, client: first_of(client.request_async('x@example.org', True, b'', None)))


@row('Server::session-channel-request')
async def server_session_channel_request(watch):
    async def ask(listening, client):
        channel = await client.open_channel_async(None, None)
        return await channel.request_async('x@example.org', True, b'', None)
    await server_asks(watch, 'session-channel-request', ask)


@row('Server::error')
async def server_error(watch):
    """There are no descriptors left."""
    listening = Listening()
    watch.connect(listening.server, 'error')
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as dialer:
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            dialer.connect(('127.0.0.1', listening.port))
            for turn in watch.turns():
                turn.heard()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    await listening.session()


# ---- services ----

class Service(DevSsh.Service):
    """Asks the test what to do, if that is about the method."""
    __gtype_name__ = 'TestStageService'
    methods = {}

    def do(self, method, default, *args):
        return self.methods[method](self, *args) if method in self.methods else default(self, *args)

    def do_activated(self):
        return self.do('activated', lambda self: None)

    def do_session_request(self, request):
        return self.do('session_request', yes, request)

    def do_channel_opening(self, opening):
        return self.do('channel_opening', yes, opening)

    def do_channel_request(self, request):
        return self.do('channel_request', yes, request)

    def do_closed(self):
        return self.do('closed', lambda self: None)


async def served(watch=None, method=None, answer=yes):
    config = DevSsh.SessionConfig.new_no_security()
    config.add_service(Service, 'stage', ['session-request:x', 'channel-type:x', 'channel-request:x'])
    Service.methods = {method: watch.handler(answer)} if method else {}
    client, server = await plain(config)
    return client, server


@row('Session::service-activated')
async def session_service_activated(watch):
    for turn in watch.turns():
        client, server = await served()
        watch.connect(server, 'service-activated')
        assert await first_of(client.request_async('x', True, b'', None))
        turn.heard()
        await still_good(client, server)


@row('Service.activated')
async def service_activated(watch):
    for turn in watch.turns():
        client, server = await served(watch, 'activated', lambda service: None)
        assert await first_of(client.request_async('x', True, b'', None))
        turn.heard()
        await still_good(client, server)


@row('Service.closed')
async def service_closed(watch):
    for turn in watch.turns():
        client, server = await served(watch, 'closed', lambda service: None)
        assert await first_of(client.request_async('x', True, b'', None))
        client.close(BYE, 'bye')
        turn.heard()
        until(server.get_is_closed)


@row('Service.session_request')
async def service_session_request(watch):
    client, server = await served(watch, 'session_request')
    for turn in watch.turns(question=True):
        await turn.granted(first_of(client.request_async('x', True, b'', None)))
    await still_good(client, server)


@row('Service.channel_opening')
async def service_channel_opening(watch):
    client, server = await served(watch, 'channel_opening')
    for turn in watch.turns(question=True):
        await turn.granted(client.open_channel_async('x', None), NOT_OPENED)
    await still_good(client, server)


@row('Service.channel_request')
async def service_channel_request(watch):
    client, server = await served(watch, 'channel_request')
    ours, theirs = await channels(client, server)
    for turn in watch.turns(question=True):
        await turn.granted(ours.request_async('x', True, b'', None))
    await still_good(client, server)


# ---- commands ----

async def running(watch, signal):
    client, server = await plain(allowing(DevSsh.SERVICE_NAME_COMMAND))
    runner = server.activate_service(DevSsh.SERVICE_NAME_COMMAND)
    watch.connect(runner, signal)

    def opened(session, opening):
        opening.get_channel().connect('request', yes)
        opening.accept()
        return True
    server.connect('channel-opening', opened)
    for turn in watch.turns():
        channel = await client.open_channel_async(None, None)
        await channel.exec_async('exit 3', None)
        turn.heard()
        until(channel.get_is_closed)
        assert channel.get_exit_status() == 3
    await still_good(client, server)


@row('CommandRunner::command-started')
async def command_started(watch):
    await running(watch, 'command-started')


@row('CommandRunner::command-ended')
async def command_ended(watch):
    await running(watch, 'command-ended')


# ---- forwarding ----

class Target:
    """A TCP port on loopback that keeps who connects."""

    def __init__(self):
        self.service = Gio.SocketService()
        self.port = self.service.add_any_inet_port(None)
        self.taken = []
        self.service.connect('incoming', lambda service, connection, source: self.taken.append(connection) or True)


async def forwarding():
    client, server = await plain(allowing(DevSsh.SERVICE_NAME_PORT_FORWARDING), allowing(DevSsh.SERVICE_NAME_PORT_FORWARDING))
    server.connect('request', yes)
    server.connect('channel-opening', lambda session, opening: opening.get_is_remote() and yes(opening))
    return client, server


@row('PortForwarder::allow-address')
async def forwarder_allow_address(watch):
    client, server = await forwarding()
    target = Target()
    watch.connect(server.get_port_forwarder(), 'allow-address', lambda *args: True)
    for turn in watch.turns(question=True):
        await turn.granted(client.stream_to_remote_port_async('127.0.0.1', target.port, None), NOT_OPENED)
    await still_good(client, server)


@row('PortForwarder::forwarded-port-connecting')
async def forwarder_connecting(watch):
    client, server = await forwarding()
    target = Target()
    watch.connect(server.get_port_forwarder(), 'forwarded-port-connecting', yes)
    port = await client.forward_from_remote_port_async('127.0.0.1', 0, None, target.port, None)
    for turn in watch.turns(question=True):
        with socket.create_connection(('127.0.0.1', port.get_remote_port())) as dialer:
            dialer.setblocking(False)
            turn.heard()
            ended = []
            GLib.io_add_watch(dialer.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP,
                              lambda fd, condition: ended.append(condition) and False)
            # It arrives at the target in either case; what then comes of it is the answer.
            until(lambda: ended or (target.taken and turn.good))
            if target.taken and turn.good:
                target.taken[-1].get_output_stream().write(b'hello')
                until(lambda: ended)
            turn.verdict = bool(read_or_reset(dialer))
        target.taken.clear()
    await still_good(client, server)


def read_or_reset(dialer):
    try:
        return dialer.recv(100)
    except ConnectionResetError:
        return b''


async def streamed():
    client, server = await forwarding()
    return client, server, await client.stream_from_remote_port_async('127.0.0.1', 0, None)


def dial(port):
    return socket.create_connection(('127.0.0.1', port.get_remote_port()))


@row('PortForwarder::stream-opened')
async def forwarder_stream_opened(watch):
    client, server, port = await streamed()
    watch.connect(client.get_port_forwarder(), 'stream-opened')
    for turn in watch.turns():
        with dial(port):
            turn.heard()
    await still_good(client, server)


@row('ForwardedPort::stream-opened')
async def port_stream_opened(watch):
    client, server, port = await streamed()
    watch.connect(port, 'stream-opened')
    for turn in watch.turns():
        with dial(port):
            turn.heard()
    await still_good(client, server)


@row('ForwardedPort::closed')
async def port_closed(watch):
    client, server = await forwarding()
    for turn in watch.turns():
        port = await client.stream_from_remote_port_async('127.0.0.1', 0, None)
        watch.connect(port, 'closed')
        port.close()
        turn.heard()
        assert port.get_is_closed()
    await still_good(client, server)


class Port(DevSsh.ForwardedPort):
    __gtype_name__ = 'TestStagePort'
    closing = None

    def do_close(self):
        self.closing(self)


@row('ForwardedPort.close')
async def port_close(watch):
    client, server = await plain()
    ours, theirs = await channels(client, server)
    for turn in watch.turns():
        port = Port(local_host='localhost', local_port=1, is_remote=True)
        port.closing = watch.handler(lambda port: None)
        closed = []
        port.connect('closed', closed.append)
        port.add_channel(ours)
        port.close()
        port.close()
        turn.heard()
        assert port.get_is_closed() and len(closed) == 1 and len(turn.calls) == 1
    await still_good(client, server)


@row('ListenerFactory')
async def listener_factory(watch):
    client, server = await forwarding()

    def make(forwarder, remote_port, address, local_port, can_change, *data):
        listener = Gio.SocketListener()
        where = Gio.InetSocketAddress.new_from_string(address, local_port)
        _, bound = listener.add_address(where, Gio.SocketType.STREAM, Gio.SocketProtocol.TCP, None)
        return listener, bound.get_port()
    # Theirs: the peer refuses. Ours: an error.
    server.get_port_forwarder().set_listener_factory(watch.handler(make))
    for turn in watch.turns(question=True):
        await turn.granted(client.forward_from_remote_port_async(None, 0, None, 80, None))
    client.get_port_forwarder().set_listener_factory(watch.handler(make))
    for turn in watch.turns(question=True):
        await turn.granted(client.forward_to_remote_port_async(None, 0, None, 80, None), ['devssh-error-quark'])
    await still_good(client, server)


@row('PortForwardMessageFactory')
async def message_factory(watch):
    client, server = await forwarding()
    client.get_port_forwarder().set_message_factory(watch.handler(lambda forwarder, kind, type, port, payload, *data: payload))
    for turn in watch.turns(question=True):
        await turn.granted(client.forward_from_remote_port_async(None, 0, None, 80, None), ['devssh-error-quark'])
    await still_good(client, server)


@row('MessageHandler')
async def message_handler(watch):
    """A message that nobody understood ends the session, as the protocol has it."""
    for turn in watch.turns(question=True):
        config = DevSsh.SessionConfig.new()
        config.set_message_handler(192, watch.handler(lambda session, payload, *data: True))
        client, server, _ = await logged_in(config)
        assert client.send_message(GLib.Bytes.new(b'\xc0hello'))
        turn.heard()
        if turn.good:
            await still_good(client, server)
        else:
            await server.wait_closed_async(None)
        turn.verdict = not server.get_is_closed()


# ---- interfaces that a program implements itself ----

def boolean(name):
    return GObject.Property(type=bool, default=False, nick=name)


def port_list():
    return GObject.Property(type=Gio.ListModel, flags=GObject.ParamFlags.READABLE)


OPERATIONS = ['forward_from_remote_port', 'stream_from_remote_port', 'forward_to_remote_port', 'stream_to_remote_port',
              'connect_to_forwarded_port', 'wait_for_forwarded_port', 'connect_to_forwarded_socket', 'wait_for_forwarded_socket']
GIVES_STREAM = ['stream_to_remote_port', 'connect_to_forwarded_port', 'connect_to_forwarded_socket']


class Forwarder(DevSsh.Service, DevSsh.PortForwarder):
    """Forwards nothing, and says at once that it does."""
    __gtype_name__ = 'TestStageForwarder'
    accept_local_connections_for_forwarded_ports = boolean('local')
    accept_remote_connections_for_non_forwarded_ports = boolean('remote')
    forward_connections_to_local_ports = boolean('forward')
    replace_existing_sockets = boolean('replace')
    gateway_ports = GObject.Property(type=DevSsh.GatewayPorts, default=DevSsh.GatewayPorts.NO)
    local_forwarded_ports = port_list()
    remote_forwarded_ports = port_list()
    methods = {}


def begins(name):
    def begin(self, *args):
        *_, callback, data = args
        callback(self, Gio.Task.new(self, None, None))

    def do(self, *args):
        return self.methods.get(f'{name}_async', begin)(self, *args)
    do.begin = begin
    return do


def ends(name):
    def end(self, result):
        if name in GIVES_STREAM:
            return Gio.SimpleIOStream.new(Gio.MemoryInputStream(), Gio.MemoryOutputStream.new_resizable())
        return DevSsh.ForwardedPort(local_host='localhost', local_port=1)

    def do(self, result):
        return self.methods.get(f'{name}_finish', end)(self, result)
    do.end = end
    return do


class OwnForwarder(Forwarder):
    __gtype_name__ = 'TestStageOwnForwarder'
    for _name in OPERATIONS:
        locals()[f'do_{_name}_async'] = begins(_name)
        locals()[f'do_{_name}_finish'] = ends(_name)


def call(session, name):
    if name.endswith('socket'):
        args = ['/run/socket']
    elif name.endswith('forwarded_port'):
        args = [5]
    elif name.startswith('stream'):
        args = [None, 5]
    else:
        args = [None, 5, None, 6]
    return getattr(session, f'{name}_async')(*args)


async def own_forwarder(watch, name, half):
    config = DevSsh.SessionConfig.new_no_security()
    config.add_service(OwnForwarder, DevSsh.SERVICE_NAME_PORT_FORWARDING, [])
    client, server = await plain(client_config=config)
    default = begins(name).begin if half == 'async' else ends(name).end
    OwnForwarder.methods = {f'{name}_{half}': watch.handler(default)}
    for turn in watch.turns(question=True):
        if half == 'async' and turn.way == 'answers and raises':
            # It has called back: what comes behind that changes nothing.
            assert await call(client, name)
            turn.verdict = False
        else:
            await turn.granted(call(client, name), ['devssh-error-quark'])
    await still_good(client, server)


for _name in OPERATIONS:
    for _half in 'async', 'finish':
        row(f'PortForwarder.{_name}_{_half}')(functools.partial(own_forwarder, name=_name, half=_half))


class Runner(DevSsh.Service, DevSsh.CommandRunner):
    """Runs nothing."""
    __gtype_name__ = 'TestStageRunner'
    allow_pty = boolean('pty')
    allowed_environment = GObject.Property(type=GObject.TYPE_STRV)
    base_environment = GObject.Property(type=GObject.TYPE_STRV)
    hangup_grace = GObject.Property(type=GObject.TYPE_UINT, default=5, maximum=3600)
    shell = GObject.Property(type=str)
    working_directory = GObject.Property(type=str)
    methods = {}

    def do_set_subsystem(self, name, argv):
        return self.methods['set_subsystem'](self, name, argv)

    def do_remove_subsystem(self, name):
        return self.methods['remove_subsystem'](self, name)

    def do_dup_subsystems(self):
        return self.methods['dup_subsystems'](self)


async def runner(watch, method, answer):
    config = DevSsh.SessionConfig.new_no_security()
    config.add_service(Runner, 'runner', [])
    client, server = await plain(config)
    Runner.methods = {method: watch.handler(answer)}
    return client, server, server.activate_service('runner')


@row('CommandRunner.set_subsystem')
async def runner_set(watch):
    client, server, own = await runner(watch, 'set_subsystem', lambda self, name, argv: None)
    for turn in watch.turns():
        own.set_subsystem('name', ['/bin/true'])
    await still_good(client, server)


@row('CommandRunner.remove_subsystem')
async def runner_remove(watch):
    client, server, own = await runner(watch, 'remove_subsystem', lambda self, name: True)
    for turn in watch.turns(question=True):
        turn.verdict = own.remove_subsystem('name')
    await still_good(client, server)


@row('CommandRunner.dup_subsystems')
async def runner_list(watch):
    client, server, own = await runner(watch, 'dup_subsystems', lambda self: ['one', 'two'])
    for turn in watch.turns(question=True):
        names = own.dup_subsystems()
        assert names in ([], ['one', 'two']), names
        turn.verdict = names == ['one', 'two']
    await still_good(client, server)


class OwnQuestion(DevSsh.Question):
    __gtype_name__ = 'TestStageQuestion'
    asked = None

    def do_refuse(self):
        OwnQuestion.asked(self.get_answered())


@row('Question.refuse')
async def question_refuse(watch):
    """Dropped unanswered."""
    OwnQuestion.asked = watch.handler(lambda answered: None)
    for turn in watch.turns():
        OwnQuestion()
        gc.collect()
        turn.heard()
