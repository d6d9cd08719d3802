// SPDX-License-Identifier: LGPL-2.1-or-later
// An exception in a handler is a refusal and a log line, never a crash or a grant. Every signal, virtual method and factory of
// the GIR has a row, and a row makes the real thing happen between two sessions; who has none fails. Prints TAP.
//
//   test-exceptions.js GIR        with DEVSSH_PLUGIN_PATH
imports.gi.versions.DevSsh = '1';
const {DevSsh, Gio, GLib, GObject} = imports.gi;
const System = imports.system;

Gio._promisify(Gio.SocketClient.prototype, 'connect_to_host_async');

const HOST_KEY = DevSsh.KeyPair.generate('ecdsa-sha2-nistp256', 0);
const USER_KEY = DevSsh.KeyPair.generate('ecdsa-sha2-nistp256', 0);
const publicHalf = key => DevSsh.KeyPair.import_data(key.export_public(DevSsh.KeyFormat.SSH), DevSsh.KeyFormat.SSH, null);

function assert(condition, text) {
    if (!condition)
        throw new Error(`not so: ${text}`);
}

// ---- what is thrown, and what is written of it ----

const log = [];
GLib.log_set_writer_func((level, fields) => {
    if (!(level & (GLib.LogLevelFlags.LEVEL_CRITICAL | GLib.LogLevelFlags.LEVEL_WARNING | GLib.LogLevelFlags.LEVEL_ERROR)))
        return GLib.LogWriterOutput.UNHANDLED;
    const text = value => value instanceof Uint8Array ? new TextDecoder().decode(value) : `${value}`;
    log.push(`${text(fields.GLIB_DOMAIN)}: ${text(fields.MESSAGE)}`);
    return GLib.LogWriterOutput.HANDLED;
});

let thrown = 0, everThrown = 0;
const MINE = 'thrown by a handler';
function fling() {
    thrown++;
    everThrown++;
    throw new Error(MINE);
}

// Where there is a GError to put it in, GJS does that and writes no line.
function flingError() {
    everThrown++;
    throw new Error(MINE);
}

// Once for each, in GJS's words, and nothing besides.
function checkLog(text) {
    const strange = log.filter(line => !line.startsWith(`Gjs: JS ERROR: Error: ${MINE}`));
    assert(!strange.length, `${text}: in the log is only what was thrown: ${strange.join('\n')}`);
    assert(log.length === thrown, `${text}: ${log.length} lines for ${thrown} exceptions`);
    thrown = log.length = 0;
}

const MODES = {
    'throws': () => fling(),
    'accepts and throws': accept => {
        accept();
        fling();
    },
    'accepts': accept => {
        accept();
        return true;
    },
};

// Two that throw are refused, and one that does not is granted. ask: with a handler, is it granted?
async function question(accept, ask) {
    for (const [mode, act] of Object.entries(MODES)) {
        const granted = await ask((...args) => act(() => accept(args[args.length - 1])));
        assert(mode === 'accepts' || thrown, `${mode}: a handler was called`);
        assert(granted === (mode === 'accepts'), `who ${mode} has ${granted ? 'granted' : 'refused'}`);
        if (mode !== 'accepts')
            checkLog(mode);
    }
}

// All of them in one session, which so goes on after each.
function questionOn(object, signal, accept, ask) {
    return question(accept, async handler => {
        const id = object.connect(signal, handler);
        try {
            return await ask();
        } finally {
            object.disconnect(id);
        }
    });
}

// An operation that fails has refused.
async function works(promise) {
    try {
        return await promise;
    } catch (error) {
        assert(error instanceof GLib.Error, error);
        return false;
    }
}

const succeeds = async promise => Boolean(await works(promise));
const accept = asked => asked.accept(null);
const acceptOpening = opening => opening.accept();
const complete = request => request.complete(true);
const yes = (...args) => {
    args[args.length - 1].accept(null);
    return true;
};
const happens = (object, signal) => new Promise(resolve => {
    const id = object.connect(signal, () => {
        object.disconnect(id);
        resolve();
    });
});

// ---- sessions ----

class Relay {
    // Two connections, and what the one end says is carried to the other until stop().
    async make() {
        [this.near, this._one] = await wire();
        [this._other, this.far] = await wire();
        this._cancellable = new Gio.Cancellable();
        this._carry(this._one, this._other, null);
        this._carry(this._other, this._one, this._cancellable);
        return this;
    }

    _carry(from, to, cancellable) {
        to.get_output_stream().splice_async(from.get_input_stream(), Gio.OutputStreamSpliceFlags.NONE, 0, cancellable, () => {});
    }

    // Nothing comes back any more, and nothing is closed.
    silence() {
        this._cancellable.cancel();
    }
}

async function wire() {
    const service = new Gio.SocketService();
    const port = service.add_any_inet_port(null);
    const accepted = new Promise(resolve => service.connect('incoming', (_, connection) => {
        resolve(connection);
        return true;
    }));
    const ends = [await new Gio.SocketClient().connect_to_host_async('127.0.0.1', port, null), await accepted];
    service.stop();
    service.close();
    return ends;
}

// Closed behind each row: a session that is left open would tell its handlers when the program ends.
const opened = [];
function closeAll() {
    for (const one of opened.splice(0)) {
        if (one instanceof DevSsh.Session)
            one.close(DevSsh.DisconnectReason.BY_APPLICATION, 'done');
        else
            one.close();
    }
}

const plain = () => DevSsh.SessionConfig.new_no_security();

// Without security. make: what is done to the sessions before they connect.
async function connect({config = plain(), clientConfig = plain(), make = () => {}, ends = null} = {}) {
    const [near, far] = ends ?? await wire();
    const client = DevSsh.ClientSession.new(near, clientConfig);
    const server = DevSsh.ServerSession.new(far, config, null);
    make(client, server);
    await Promise.all([client.connect_async(), server.connect_async()]);
    opened.push(client, server);
    return {client, server};
}

// Each way once: it goes on.
async function lives({client, server}) {
    await client.request_async('ping@example.org', true, null);
    await server.request_async('ping@example.org', true, null);
}

async function openChannel(options) {
    const {client, server} = await connect(options);
    const [ours, theirs] = await Promise.all([client.open_channel_async(null), server.accept_channel_async(null)]);
    return {client, server, ours, theirs};
}

const host = (key = HOST_KEY) => {
    const credentials = new DevSsh.ServerCredentials();
    credentials.add_key(key);
    return credentials;
};

function user(password = 'secret') {
    const credentials = DevSsh.ClientCredentials.new('alice');
    if (password)
        credentials.set_password(password);
    return credentials;
}

// With security: is alice in?
async function login({onClient = yes, onServer = yes, credentials = user(), hostCredentials = host(), make = () => {}} = {}) {
    const [near, far] = await wire();
    const client = DevSsh.ClientSession.new(near, new DevSsh.SessionConfig());
    const server = DevSsh.ServerSession.new(far, new DevSsh.SessionConfig(), hostCredentials);
    opened.push(client, server);
    if (onClient)
        client.connect('authenticating', onClient);
    server.connect('authenticating', onServer);
    make(client, server);
    if (!await works(Promise.all([client.connect_async(), server.connect_async()])))
        return false;
    const welcome = await works(client.authenticate_async(credentials));
    if (welcome)
        await lives({client, server});
    return welcome;
}

// A server and one client of it that is logged in, with sessions that can be resumed.
async function serve({make = () => {}, makeSession = () => {}} = {}) {
    const server = DevSsh.Server.new(DevSsh.SessionConfig.new_with_reconnect(), host());
    server.connect('session-opened', (_, session) => makeSession(session));
    make(server);
    const dialer = DevSsh.Client.new(DevSsh.SessionConfig.new_with_reconnect());
    const dial = async (onServer = null) => {
        const id = server.connect('session-authenticating', onServer ?? yes);
        try {
            const client = await dialer.connect_to_host_async('127.0.0.1', server.get_port());
            client.connect('authenticating', yes);
            return await client.authenticate_async(user()) && client;
        } finally {
            server.disconnect(id);
        }
    };
    server.listen(null, 0);
    opened.push(dialer, server);
    return {server, dialer, dial};
}

// A session's questions come to the server if it had a handler when the session was made.
const listens = signal => server => server.connect(signal, () => false);

async function resume({dialer, client}, lost = Promise.resolve()) {
    await client.wait_until_reconnect_enabled_async();
    client.close(DevSsh.DisconnectReason.CONNECTION_LOST, 'unplugged');
    await lost;
    assert(await dialer.reconnect_async(client), 'it was connected anew');
    await client.request_async('ping@example.org', true, null);
}

async function secureStreams(onClient = yes, onServer = yes, sessions = null) {
    const [near, far] = await wire();
    const client = DevSsh.SecureStream.new_client(near, user(), sessions !== null);
    const server = DevSsh.SecureStream.new_server(far, host(), sessions);
    client.connect('authenticating', onClient);
    server.connect('authenticating', onServer);
    opened.push(client.get_session(), server.get_session());
    return {client, server, near, connected: () => Promise.all([works(client.connect_async()), works(server.connect_async())])};
}

async function multiChannelStreams() {
    const ends = (await wire()).map(end => DevSsh.MultiChannelStream.new(end));
    await Promise.all(ends.map(end => end.connect_async()));
    opened.push(...ends);
    return ends;
}

function allowing(plugin) {
    const config = plain();
    config.allow_plugins([plugin]);
    return config;
}

async function forwarding() {
    const config = allowing(DevSsh.SERVICE_NAME_PORT_FORWARDING);
    const sessions = await connect({config, clientConfig: config});
    sessions.server.connect('request', (_, request) => {
        request.complete(true);
        return true;
    });
    for (const session of [sessions.client, sessions.server]) {
        session.connect('channel-opening', (_, opening) => {
            opening.accept();
            return true;
        });
    }
    const target = new Gio.SocketService();
    target.connect('incoming', () => true);
    return {...sessions, target, port: target.add_any_inet_port(null)};
}

// Is there a stream?
async function streams(start) {
    const stream = await works(start());
    if (!stream)
        return false;
    stream.close(null);
    return true;
}

async function commands(signal) {
    const {client, server} = await connect({config: allowing(DevSsh.SERVICE_NAME_COMMAND)});
    server.connect('channel-opening', (_, opening) => {
        opening.get_channel().connect('request', (channel, request) => {
            request.complete(true);
            return true;
        });
        opening.accept();
        return true;
    });
    server.connect('service-activated', (_, runner) => runner.connect(signal, fling));
    for (const status of [3, 4]) {
        const channel = await client.open_channel_async(null);
        await channel.exec_async(`exit ${status}`);
        await channel.wait_closed_async();
        assert(channel.get_exit_status() === status, 'the command ran');
    }
    await lives({client, server});
}

// ---- services ----

const hooks = {};
const hook = (name, asked) => {
    if (hooks[name])
        return hooks[name](asked);
    return MODES.accepts(() => asked instanceof DevSsh.ChannelOpening ? asked.accept() : asked.complete(true));
};

const Service = GObject.registerClass(class ThrowingService extends DevSsh.Service {
    vfunc_activated() {
        hooks.activated?.();
    }

    vfunc_session_request(request) {
        return hook('session_request', request);
    }

    vfunc_channel_opening(opening) {
        return hook('channel_opening', opening);
    }

    vfunc_channel_request(request) {
        return hook('channel_request', request);
    }

    vfunc_closed() {
        hooks.closed?.();
    }
});

async function withService(work) {
    const config = plain();
    config.add_service(Service.$gtype, 'service', ['session-request:x', 'channel-type:x', 'channel-request:x'], null);
    const sessions = await connect({config});
    sessions.server.connect('channel-opening', (_, opening) => {
        opening.accept();
        return true;
    });
    try {
        await work(sessions);
    } finally {
        Object.keys(hooks).forEach(name => delete hooks[name]);
    }
}

// A virtual method that is asked, three times in one session.
function vfuncQuestion(name, give, ask) {
    return () => withService(async sessions => {
        const where = await sessions.client.open_channel_async('plain');
        await question(give, async handler => {
            hooks[name] = handler;
            return await succeeds(ask(sessions, where));
        });
        await lives(sessions);
    });
}


// ---- interfaces that JavaScript implements ----

const overridden = (iface, names) => Object.fromEntries(names.map(name =>
    [name, GObject.ParamSpec.override(name, iface)]));

const Runner = GObject.registerClass({
    Implements: [DevSsh.CommandRunner],
    Properties: overridden(DevSsh.CommandRunner,
        ['working-directory', 'shell', 'hangup-grace', 'base-environment', 'allowed-environment', 'allow-pty']),
}, class ThrowingRunner extends DevSsh.Service {
    vfunc_dup_subsystems() {
        return fling();
    }

    vfunc_remove_subsystem() {
        return fling();
    }

    vfunc_set_subsystem() {
        fling();
    }
});

const FORWARDER_PROPERTIES = ['replace-existing-sockets', 'remote-forwarded-ports', 'local-forwarded-ports', 'gateway-ports',
    'forward-connections-to-local-ports', 'accept-remote-connections-for-non-forwarded-ports',
    'accept-local-connections-for-forwarded-ports'];

function forwarderWith(vfunc) {
    const Forwarder = class extends DevSsh.Service {};
    Forwarder.prototype[vfunc] = flingError;
    return GObject.registerClass({
        GTypeName: `Throwing_${vfunc}`,
        Implements: [DevSsh.PortForwarder],
        Properties: overridden(DevSsh.PortForwarder, FORWARDER_PROPERTIES),
    }, Forwarder);
}

// ---- the rows ----

const rows = {
    async 'Channel::data'() {
        const {ours, theirs, ...sessions} = await openChannel();
        theirs.connect('data', fling);
        for (let i = 0; i < 2; i++) {
            await ours.send_async(new TextEncoder().encode('hello'));
            await lives(sessions);
        }
        assert(thrown === 2 && theirs.get_bytes_received() === 10, 'all of it arrived');
    },

    async 'Channel::extended-data'() {
        const {ours, theirs, ...sessions} = await openChannel();
        theirs.connect('extended-data', fling);
        await ours.send_extended_async(1, new TextEncoder().encode('hello'));
        await lives(sessions);
    },

    async 'Channel::eof'() {
        const {ours, theirs, ...sessions} = await openChannel();
        theirs.connect('eof', fling);
        theirs.connect('data', () => {});
        ours.send_eof();
        await lives(sessions);
    },

    async 'Channel::close-received'() {
        const {ours, theirs, ...sessions} = await openChannel();
        theirs.set_manual_close(true);
        theirs.connect('close-received', fling);
        ours.close();
        await lives(sessions);
        theirs.close();
        await ours.wait_closed_async();
    },

    async 'Channel::closed'() {
        const {ours, theirs, ...sessions} = await openChannel();
        for (const channel of [ours, theirs])
            channel.connect('closed', fling);
        await ours.close_async();
        await lives(sessions);
        assert(thrown === 2 && theirs.get_is_closed(), 'both are closed');
    },

    async 'Channel::request'() {
        const {ours, theirs, ...sessions} = await openChannel();
        await questionOn(theirs, 'request', complete, () => ours.request_async('x', true, null));
        await lives(sessions);
    },

    async 'ClientCredentials::password-requested'() {
        await question(request => request.provide_password(null, 'secret'), async handler => {
            const credentials = user(null);
            credentials.connect('password-requested', handler);
            return await login({credentials});
        });
    },

    async 'ClientCredentials::private-key-requested'() {
        await question(request => request.provide_key(USER_KEY), async handler => {
            const credentials = user(null);
            credentials.add_key(publicHalf(USER_KEY));
            credentials.connect('private-key-requested', handler);
            return await login({credentials});
        });
    },

    async 'ServerCredentials::private-key-requested'() {
        await question(request => request.provide_key(HOST_KEY), async handler => {
            const hostCredentials = host(publicHalf(HOST_KEY));
            hostCredentials.connect('private-key-requested', handler);
            return await login({hostCredentials});
        });
    },

    async 'ClientSession::banner'() {
        const writer = new DevSsh.Writer();
        writer.put_byte(53);        // SSH_MSG_USERAUTH_BANNER (RFC 4252, section 5.4)
        writer.put_utf8('welcome');
        writer.put_utf8('');
        const banner = writer.end();
        assert(await login({
            make: client => client.connect('banner', fling),
            onServer: (session, who) => {
                session.send_message(banner);
                return yes(who);
            },
        }), 'alice is in all the same');
    },

    async 'ForwardedPort::closed'() {
        const {client, server, port} = await forwarding();
        const forwarded = await client.forward_from_remote_port_async(null, 0, null, port);
        forwarded.connect('closed', fling);
        forwarded.close();
        await lives({client, server});
    },

    async 'ForwardedPort::stream-opened'() {
        const {client, server} = await forwarding();
        const forwarded = await client.stream_from_remote_port_async(null, 0);
        forwarded.connect('stream-opened', fling);
        await server.connect_to_forwarded_port_async(forwarded.get_remote_port());
        await lives({client, server});
    },

    async 'HostKeyVerifier::ask'() {
        await question(asked => asked.accept(false), async handler => {
            const verifier = DevSsh.HostKeyVerifier.new(null, DevSsh.HostKeyPolicy.ASK);
            verifier.connect('ask', handler);
            return await login({onClient: null, make: client => verifier.attach(client, 'host.example', 22)});
        });
    },

    async 'HostKeyVerifier::refused'() {
        const verifier = DevSsh.HostKeyVerifier.new(null, DevSsh.HostKeyPolicy.STRICT);
        verifier.connect('refused', fling);
        const make = client => verifier.attach(client, 'host.example', 22);
        assert(!await login({onClient: null, make}), 'still refused');
        verifier.set_fingerprints([HOST_KEY.dup_fingerprint()]);
        assert(await login({onClient: null, make}), 'the next one is known');
    },

    async 'HostKeyVerifier::added'() {
        const folder = GLib.dir_make_tmp('devssh-exceptions-XXXXXX');
        const file = Gio.File.new_for_path(`${folder}/known_hosts`);
        const verifier = new DevSsh.HostKeyVerifier({policy: DevSsh.HostKeyPolicy.ACCEPT_NEW, file});
        verifier.connect('added', fling);
        const make = client => verifier.attach(client, 'host.example', 22);
        assert(await login({onClient: null, make}) && await login({onClient: null, make}), 'it was remembered');
        file.delete(null);
        GLib.rmdir(folder);
    },

    async 'HostKeyVerifier::add-failed'() {
        const file = Gio.File.new_for_path('/dev/null/known_hosts');
        const verifier = new DevSsh.HostKeyVerifier({policy: DevSsh.HostKeyPolicy.ASK, file});
        verifier.connect('ask', (_, asked) => {
            asked.accept(true);
            return true;
        });
        verifier.connect('add-failed', fling);
        assert(await login({onClient: null, make: client => verifier.attach(client, 'host.example', 22)}), 'the session goes on');
    },

    async 'MultiChannelStream::channel-opening'() {
        const [left, right] = await multiChannelStreams();
        await questionOn(right, 'channel-opening', acceptOpening, () => succeeds(left.open_channel_async('x')));
    },

    async 'MultiChannelStream::closed'() {
        const [left, right] = await multiChannelStreams();
        for (const stream of [left, right])
            stream.connect('closed', fling);
        const closed = happens(right, 'closed');
        await left.close_async();
        await closed;
        assert(thrown === 2 && right.get_is_closed(), 'both are closed');
    },

    async 'SecureStream::authenticating'() {
        for (const asker of ['client', 'server']) {
            await question(accept, async handler => {
                const streams = await secureStreams(...asker === 'client' ? [handler, yes] : [yes, handler]);
                const [one, other] = await streams.connected();
                assert(one === other, 'both ends agree');
                return one;
            });
        }
    },

    async 'SecureStream::closed'() {
        const {client, server, connected} = await secureStreams();
        await connected();
        for (const stream of [client, server])
            stream.connect('closed', fling);
        const closed = happens(server, 'closed');
        client.close(null);
        await closed;
        assert(thrown === 2 && server.get_is_closed(), 'both are closed');
    },

    async 'SecureStream::disconnected'() {
        const sessions = new DevSsh.ReconnectableSessions();
        const {client, server, near, connected} = await secureStreams(yes, yes, sessions);
        await connected();
        for (const stream of [client, server])
            stream.connect('disconnected', fling);
        await Promise.all([client, server].map(stream => stream.get_session().wait_until_reconnect_enabled_async()));
        const lost = Promise.all([client, server].map(stream => happens(stream, 'disconnected')));
        near.get_socket().shutdown(true, true);
        await lost;
        const ends = await wire();
        const third = DevSsh.SecureStream.new_server(ends[1], host(), sessions);
        third.connect('authenticating', yes);
        const [again] = await Promise.all([client.reconnect_async(ends[0]), third.connect_async()]);
        assert(again && thrown === 2, 'it was connected anew');
    },

    async 'Server::session-opened'() {
        const {dial} = await serve({make: server => server.connect('session-opened', fling)});
        assert(await dial(), 'the session came about');
    },

    async 'Server::session-closed'() {
        const {server, dial} = await serve();
        server.connect('session-closed', fling);
        const client = await dial();
        const closed = happens(server, 'session-closed');
        client.close(DevSsh.DisconnectReason.BY_APPLICATION, 'done');
        await closed;
        assert(server.get_sessions().get_n_items() === 0 && await dial(), 'and the next one');
    },

    async 'Server::session-authenticating'() {
        const {dial} = await serve();
        await question(accept, async handler => Boolean(await works(dial(handler))));
    },

    async 'Server::session-request'() {
        const {server, dial} = await serve({make: listens('session-request')});
        const client = await dial();
        await questionOn(server, 'session-request', complete, async () => (await client.request_async('x', true, null))[0]);
    },

    async 'Server::session-channel-opening'() {
        const {server, dial} = await serve({make: listens('session-channel-opening')});
        const client = await dial();
        await questionOn(server, 'session-channel-opening', acceptOpening, () => succeeds(client.open_channel_async('x')));
    },

    async 'Server::session-channel-request'() {
        const {server, dial} = await serve({make: listens('session-channel-request')});
        server.connect('session-channel-opening', (_, session, opening) => {
            opening.accept();
            return true;
        });
        const client = await dial();
        const channel = await client.open_channel_async('x');
        await questionOn(server, 'session-channel-request', complete, () => channel.request_async('x', true, null));
    },

    async 'Server::error'() {
        const {server, dial} = await serve();
        server.connect('error', fling);
        const config = server.get_config();
        const size = config.get_max_channel_window_size();
        config.set_max_channel_window_size(1);
        assert(!await works(dial()), 'no session can be made with that');
        config.set_max_channel_window_size(size);
        assert(await dial(), 'it goes on');
    },

    async 'ServerSession::client-authenticated'() {
        assert(await login({make: (client, server) => server.connect('client-authenticated', fling)}), 'alice is in');
    },

    async 'ServerSession::reconnected'() {
        const {dialer, dial} = await serve({makeSession: session => session.connect('reconnected', fling)});
        await resume({dialer, client: await dial()});
    },

    async 'Session::authenticating'() {
        await question(accept, handler => login({onClient: handler}));
        await question(accept, handler => login({onServer: handler}));
    },

    async 'Session::channel-opening'() {
        const {client, server} = await connect();
        await questionOn(server, 'channel-opening', acceptOpening, () => succeeds(client.open_channel_async('x')));
        // Somebody waits for channels of that type, and does not get those.
        const cancellable = new Gio.Cancellable();
        const accepting = works(server.accept_channel_async('x', cancellable));
        for (const mode of ['throws', 'accepts and throws']) {
            const id = server.connect('channel-opening', (_, opening) => MODES[mode](() => opening.accept()));
            assert(!await works(client.open_channel_async('x')), `who ${mode} has refused`);
            server.disconnect(id);
        }
        cancellable.cancel();
        assert(thrown === 2 && !await accepting, 'none was left to be accepted');
        await questionOn(client, 'channel-opening', acceptOpening, () => succeeds(server.open_channel_async('x')));
    },

    async 'Session::request'() {
        const {client, server} = await connect();
        await questionOn(server, 'request', complete, async () => (await client.request_async('x', true, null))[0]);
        await questionOn(client, 'request', complete, async () => (await server.request_async('x', true, null))[0]);
    },

    async 'Session::closed'() {
        const {client, server} = await connect();
        for (const session of [client, server])
            session.connect('closed', fling);
        await client.close_async(DevSsh.DisconnectReason.BY_APPLICATION, 'done');
        await server.wait_closed_async();
        assert(thrown === 2, 'both were told');
    },

    async 'Session::disconnected'() {
        const {dialer, dial} = await serve({makeSession: session => session.connect('disconnected', fling)});
        const client = await dial();
        client.connect('disconnected', fling);
        await resume({dialer, client}, happens(client, 'disconnected'));
        assert(thrown === 2, 'both were told');
    },

    async 'Session::keepalive-succeeded'() {
        const config = plain();
        config.set_keepalive_interval(1);
        const sessions = await connect({config});
        sessions.server.connect('keepalive-succeeded', fling);
        await happens(sessions.server, 'keepalive-succeeded');
        await lives(sessions);
    },

    async 'Session::keepalive-failed'() {
        const config = plain();
        config.set_keepalive_interval(1);
        const relay = await new Relay().make();
        const {client} = await connect({clientConfig: config, ends: [relay.near, relay.far]});
        client.connect('keepalive-failed', fling);
        relay.silence();
        await happens(client, 'keepalive-failed');
        assert(!client.get_is_closed(), 'it waits on');
        client.close(DevSsh.DisconnectReason.BY_APPLICATION, 'done');
    },

    async 'Session::progress'() {
        const make = (...sessions) => sessions.forEach(session => session.connect('progress', fling));
        assert(await login({make}), 'alice is in');
    },

    async 'Session::service-activated'() {
        await withService(async sessions => {
            sessions.server.connect('service-activated', fling);
            assert((await sessions.client.request_async('x', true, null))[0], 'the service answered');
            await lives(sessions);
        });
    },

    async 'Session::trace'() {
        await lives(await connect({make: (...sessions) => sessions.forEach(session => session.connect('trace', fling))}));
    },

    async 'SessionMetrics::message-sent'() {
        await lives(await connect({make: client => client.get_metrics().connect('message-sent', fling)}));
    },

    async 'SessionMetrics::message-received'() {
        await lives(await connect({make: client => client.get_metrics().connect('message-received', fling)}));
    },

    async 'SessionMetrics::latency-updated'() {
        const {dial} = await serve();
        const client = await dial();
        await client.wait_until_reconnect_enabled_async();
        client.get_metrics().connect('latency-updated', fling);
        while (thrown === 0)
            await client.request_async('ping@example.org', true, null);
        await client.request_async('ping@example.org', true, null);
    },

    async 'SessionMetrics::session-closed'() {
        const {client} = await connect();
        client.get_metrics().connect('session-closed', fling);
        await client.close_async(DevSsh.DisconnectReason.BY_APPLICATION, 'done');
    },

    async 'CommandRunner::command-started'() {
        await commands('command-started');
    },

    async 'CommandRunner::command-ended'() {
        await commands('command-ended');
    },

    async 'PortForwarder::allow-address'() {
        const {client, server, port} = await forwarding();
        await questionOn(server.get_port_forwarder(), 'allow-address', () => {},
            () => streams(() => client.stream_to_remote_port_async('127.0.0.1', port)));
        await lives({client, server});
    },

    async 'PortForwarder::forwarded-port-connecting'() {
        const {client, server, port} = await forwarding();
        await questionOn(client.get_port_forwarder(), 'forwarded-port-connecting', connecting => connecting.accept(),
            () => streams(() => client.stream_to_remote_port_async('127.0.0.1', port)));
        await lives({client, server});
    },

    async 'PortForwarder::stream-opened'() {
        const {client, server} = await forwarding();
        client.get_port_forwarder().connect('stream-opened', fling);
        const forwarded = await client.stream_from_remote_port_async(null, 0);
        await server.connect_to_forwarded_port_async(forwarded.get_remote_port());
        await lives({client, server});
    },

    // ---- virtual methods ----

    'Service.session_request': vfuncQuestion('session_request', complete,
        async ({client}) => (await client.request_async('x', true, null))[0]),

    'Service.channel_opening': vfuncQuestion('channel_opening', acceptOpening,
        ({client}) => client.open_channel_async('x')),

    'Service.channel_request': vfuncQuestion('channel_request', complete,
        (_, channel) => channel.request_async('x', true, null)),

    async 'Service.activated'() {
        await withService(async sessions => {
            hooks.activated = fling;
            assert((await sessions.client.request_async('x', true, null))[0], 'the service answers');
            await lives(sessions);
        });
    },

    async 'Service.closed'() {
        await withService(async ({client, server}) => {
            hooks.closed = fling;
            server.activate_service('service');
            await client.close_async(DevSsh.DisconnectReason.BY_APPLICATION, 'done');
            await server.wait_closed_async();
        });
    },

    async 'ForwardedPort.close'() {
        const Port = GObject.registerClass(class ThrowingPort extends DevSsh.ForwardedPort {
            vfunc_close() {
                fling();
            }
        });
        const port = new Port();
        port.close();
        assert(port.get_is_closed(), 'it is closed');
    },

    // Only the library derives from it; who does all the same does no harm.
    async 'Question.refuse'() {
        const Asked = GObject.registerClass(class ThrowingQuestion extends DevSsh.Question {
            vfunc_refuse() {
                fling();
            }
        });
        new Asked().run_dispose();
    },

    async 'CommandRunner.dup_subsystems'() {
        assert(!new Runner().dup_subsystems()?.length, 'there is none');
    },

    async 'CommandRunner.remove_subsystem'() {
        assert(new Runner().remove_subsystem('x') === false, 'there was none');
    },

    async 'CommandRunner.set_subsystem'() {
        new Runner().set_subsystem('x', ['/bin/true']);
    },

    // ---- factories: what they throw is the operation's error, where one waits for it ----

    async 'PortForwarder.set_listener_factory'() {
        const {client, server, port} = await forwarding();
        await factory(client, server, 'set_listener_factory', () => client.forward_to_remote_port_async(null, 0, null, port));
        server.get_port_forwarder().set_listener_factory(flingError);
        assert(await client.forward_from_remote_port_async(null, 0, null, port) === null, 'the peer refuses');
        server.get_port_forwarder().set_listener_factory(null);
        assert(await client.forward_from_remote_port_async(null, 0, null, port), 'and then does not');
    },

    async 'PortForwarder.set_message_factory'() {
        const {client, server, port} = await forwarding();
        await factory(client, server, 'set_message_factory', () => client.forward_from_remote_port_async(null, 0, null, port));
    },

    async 'SessionConfig.set_message_handler'() {
        const config = plain();
        config.set_message_handler(200, flingError);
        const {client, server} = await connect({config});
        client.send_message(new Uint8Array([200]));
        await works(server.wait_closed_async());
        const {PROTOCOL_ERROR} = DevSsh.DisconnectReason;
        assert(server.get_error().matches(DevSsh.DisconnectReason.quark(), PROTOCOL_ERROR), 'the session has ended with it');
    },
};

async function factory(client, server, setter, start) {
    const forwarder = client.get_port_forwarder();
    forwarder[setter](flingError);
    let failure = null;
    try {
        await start();
    } catch (error) {
        failure = error;
    }
    assert(failure?.message === MINE, `it failed with that: ${failure}`);
    forwarder[setter](null);
    assert(await start(), 'and then does not');
    await lives({client, server});
}

// GJS has no virtual method with a callback; the other halves can be there, and are never called without.
const isImpossible = name => /^PortForwarder\.\w+_async$/.test(name);
function forwarderRow(name) {
    return name.endsWith('_async') ? async () => {
        try {
            forwarderWith(`vfunc_${name}`);
        } catch (error) {
            assert(`${error}`.includes('not supported'), error);
            return;
        }
        assert(false, `${name} can be written in JavaScript, and wants a row of its own`);
    } : async () => {
        const forwarder = new (forwarderWith(`vfunc_${name}`))();
        try {
            forwarder[name](Gio.Task.new(forwarder, null, null));
        } catch (error) {
            assert(error.message === MINE, error);
            return;
        }
        assert(false, `${name} has thrown`);
    };
}

// ---- what there is ----

// Class::signal, Class.virtual_method, and Class.method of each that takes a callback for longer than the call.
function* everything() {
    const gir = new TextDecoder().decode(GLib.file_get_contents(ARGV[0])[1]);
    for (const [, , name, body] of gir.matchAll(/<(class|interface|record) name="(\w+)"(.*?)\n {4}<\/\1>/gs)) {
        for (const [, signal] of body.matchAll(/<glib:signal name="([\w-]+)"/g))
            yield `${name}::${signal}`;
        for (const [, vfunc] of body.matchAll(/<virtual-method name="(\w+)"/g))
            yield `${name}.${vfunc}`;
        for (const [, , method, inside] of body.matchAll(/<(method|function|constructor) name="(\w+)"(.*?)<\/\1>/gs)) {
            if (/scope="(notified|call|forever)"/.test(inside))
                yield `${name}.${method}`;
        }
    }
    const functions = gir.replace(/<(class|interface|record|enumeration|bitfield|callback) name="(\w+)"(.*?)\n {4}<\/\1>/gs, '');
    for (const [, name, inside] of functions.matchAll(/<function name="(\w+)"(.*?)<\/function>/gs)) {
        if (/scope="(notified|call|forever)"/.test(inside))
            yield name;
    }
}

let failed = 0;

async function main() {
    let number = 0;
    const all = [...everything()];
    for (const name of all.filter(one => /^PortForwarder\.\w+_(async|finish)$/.test(one)))
        rows[name] = forwarderRow(name.split('.')[1]);
    const names = [...new Set([...all, ...Object.keys(rows)])];
    print(`1..${names.length}`);
    for (const name of names) {
        let passed = false;
        thrown = log.length = 0;
        try {
            assert(all.includes(name), `${name} is in the GIR`);
            assert(rows[name], `${name} has a row`);
            const before = everThrown;
            await rows[name]();
            assert(everThrown > before || isImpossible(name), 'something was thrown');
            checkLog(name);
            passed = true;
        } catch (error) {
            printerr(`# ${name}: ${error}\n${error.stack}`);
        }
        closeAll();
        failed += passed ? 0 : 1;
        print(`${passed ? 'ok' : 'not ok'} ${++number} /javascript/exceptions/${name}/E-17`);
    }
}

DevSsh.run(main());
System.exit(failed ? 1 : 0);
