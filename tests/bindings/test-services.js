// SPDX-License-Identifier: LGPL-2.1-or-later
// Services that are JavaScript classes, beside one in C and one in a plugin, all in one session; prints TAP.
//
//   test-services.js PLUGIN-DIRECTORY        with the library of c-service.c in LD_PRELOAD
imports.gi.versions.DevSsh = '1';
const {DevSsh, Gio, GLib, GObject} = imports.gi;
const ByteArray = imports.byteArray;
const System = imports.system;

const Word = GObject.registerClass({
    GTypeName: 'TestJsWord',
    Properties: {word: GObject.ParamSpec.string('word', '', '', GObject.ParamFlags.READWRITE, '')},
}, class Word extends GObject.Object {});

let history = [];
let act = (service, question) => answer(question);
const kept = [];

function answer(question) {
    if (question instanceof DevSsh.ChannelOpening)
        question.accept();
    else
        question.complete(true);
}

const Service = GObject.registerClass({
    GTypeName: 'TestJsService',
}, class Service extends DevSsh.Service {
    _init(params) {
        super._init(params);
        this.count = 0;
    }

    vfunc_activated() {
        history.push(`+${this.get_name()}`);
    }

    handle(question, name) {
        this.count++;
        history.push(`${this.get_name()}:${name}`);
        act(this, question);
        return true;
    }

    vfunc_session_request(request) {
        return this.handle(request, request.get_request_type());
    }

    vfunc_channel_opening(opening) {
        return this.handle(opening, opening.get_channel_type());
    }

    vfunc_channel_request(request) {
        return this.handle(request, request.get_request_type());
    }

    vfunc_closed() {
        history.push(`-${this.get_name()}`);
    }
});

function assert(condition, text) {
    if (!condition)
        throw new Error(`not so: ${text}`);
}

function happened(expected) {
    const text = history.join(' ');
    history = [];
    assert(text === expected, `"${text}" is "${expected}"`);
}

function copy(from, to) {
    const file = Gio.File.new_for_path(to);
    Gio.File.new_for_path(from).copy(file, Gio.FileCopyFlags.OVERWRITE, null, null);
    file.set_attribute_uint32('unix::mode', 0o644, Gio.FileQueryInfoFlags.NONE, null);
}

// The installed plugin, in a directory that nobody else can write to: one, for its module is opened once.
let pluginDirectory = null;
function directory() {
    if (!pluginDirectory) {
        pluginDirectory = GLib.dir_make_tmp('devssh-plugin-XXXXXX');
        for (const name of ['libdevssh-port-forwarding.so', 'port-forwarding.plugin'])
            copy(`${ARGV[0]}/${name}`, `${pluginDirectory}/${name}`);
    }
    return pluginDirectory;
}

function removeDirectory() {
    if (!pluginDirectory)
        return;
    for (const name of ['libdevssh-port-forwarding.so', 'port-forwarding.plugin'])
        GLib.unlink(`${pluginDirectory}/${name}`);
    GLib.rmdir(pluginDirectory);
}

// Two sessions in one process, over the loopback interface, without security.
async function connect(config) {
    const listener = new Gio.SocketListener();
    const port = listener.add_any_inet_port(null);
    const ends = await Promise.all([
        new Promise(resolve => new Gio.SocketClient().connect_to_host_async('127.0.0.1', port, null,
            (source, result) => resolve(source.connect_to_host_finish(result)))),
        new Promise(resolve => listener.accept_async(null,
            (source, result) => resolve(source.accept_finish(result)[0]))),
    ]);
    listener.close();
    const client = DevSsh.ClientSession.new(ends[0], DevSsh.SessionConfig.new_no_security());
    const server = DevSsh.ServerSession.new(ends[1], config, null);
    await Promise.all([client.connect_async(null), server.connect_async(null)]);
    server.connect('service-activated', (session, service) => history.push(`!${service.get_name()}`));
    return [client, server];
}

async function close(client, server) {
    await client.close_async(DevSsh.DisconnectReason.BY_APPLICATION, 'done', null);
    await server.wait_closed_async(null);
}

async function asked(client, name, payload = '') {
    const [granted, reply] = await client.request_async(name, true, new GLib.Bytes(payload));
    return [granted, reply ? ByteArray.toString(ByteArray.fromGBytes(reply)) : ''];
}

async function opens(client, type) {
    try {
        return await client.open_channel_async(type, null);
    } catch (error) {
        assert(GLib.quark_to_string(error.domain) === 'devssh-channel-error-quark', error);
        return null;
    }
}

function newConfig() {
    history = [];
    act = (service, question) => answer(question);
    return DevSsh.SessionConfig.new_no_security();
}

const RULES = {
    'service-request': 'service-request:x@example.org',
    'session-request': 'session-request:x@example.org',
    'channel-type': 'channel-type:x@example.org',
    'channel-request': 'channel-request:x@example.org',
    'channel-type-and-request': 'channel-request:x@example.org channel-type:plain',
};

async function checkRule(kind) {
    const config = newConfig();
    config.add_service(Service.$gtype, 'test', [RULES[kind]], new Word({word: 'mine'}));
    const [client, server] = await connect(config);
    server.connect('channel-opening', (session, opening) => {
        opening.accept();
        return true;
    });
    const plain = await client.open_channel_async('plain', null);
    assert(server.get_service('test') === null, 'nobody is there yet');
    for (const first of [true, false]) {
        if (kind === 'service-request')
            assert(await client.request_service_async('x@example.org', null), kind);
        else if (kind === 'session-request')
            assert((await asked(client, 'x@example.org'))[0], kind);
        else if (kind === 'channel-type')
            assert(await opens(client, 'x@example.org'), kind);
        else
            assert(await plain.request_async('x@example.org', true, null, null), kind);
        const handled = kind === 'service-request' ? '' : 'test:x@example.org';
        happened(first ? `+test !test ${handled}`.trim() : handled);
        System.gc();
        const service = server.get_service('test');
        assert(service instanceof Service && service.get_config().word === 'mine', 'its class and its configuration');
    }
    await close(client, server);
    happened('-test');
}

const tests = {
    async 'by-name'() {
        const config = newConfig();
        config.add_service(Service.$gtype, null, [], null);
        const [client, server] = await connect(config);
        server.activate_service('TestJsService').count = 5;
        System.gc();
        assert(server.activate_service('TestJsService').count === 5, 'the same instance');
        happened('+TestJsService !TestJsService');
        await close(client, server);
    },

    async 'side-by-side'() {
        const config = newConfig();
        config.add_service(Service.$gtype, 'js', ['session-request:js@example.org'], null);
        config.add_service(GObject.type_from_name('TestCService'), 'c', ['session-request:c@example.org'], new Word());
        config.add_plugin_directory(directory());
        config.allow_plugins(['port-forwarding']);
        const [client, server] = await connect(config);
        server.connect('request', (session, request) => {
            request.complete(true);
            return true;
        });
        const plugins = config.list_plugins();
        const names = [...plugins].map(info => info.name).join();
        assert(names === 'js,c,port-forwarding', names);
        const loaded = new Promise(resolve => plugins.get_item(2).connect('notify::state', info => resolve(info.state)));

        assert((await asked(client, 'js@example.org'))[0], 'the one in JavaScript');
        const [, said] = await asked(client, 'c@example.org');
        assert(said === 'c TestJsWord', said);
        assert((await asked(client, 'tcpip-forward', '\x00\x00\x00\x09127.0.0.1\x00\x00\x00\x00'))[0], 'the plugin');
        assert(await loaded === DevSsh.PluginState.LOADED, 'the list knows it');
        happened('+js !js js:js@example.org !c !port-forwarding');
        assert(server.get_service('port-forwarding') instanceof GObject.Object, 'it is there');
        await close(client, server);
        happened('-js');
    },

    async 'exceptions-refuse'() {
        const config = newConfig();
        config.add_service(Service.$gtype, 'test', ['session-request:x', 'channel-type:x'], null);
        const [client, server] = await connect(config);
        act = (service, question) => {
            answer(question);
            throw new Error('mine');
        };
        for (let i = 0; i < 2; i++)
            GLib.test_expect_message('Gjs', GLib.LogLevelFlags.LEVEL_CRITICAL, '*mine*');
        assert(!(await asked(client, 'x'))[0], 'a request');
        assert(await opens(client, 'x') === null, 'an opening');
        GLib.test_assert_expected_messages_internal('Gjs', 'test-services.js', 0, 'exceptions-refuse');
        act = (service, question) => answer(question);
        assert((await asked(client, 'x'))[0], 'the session lives');
        await close(client, server);
    },

    async 'late'() {
        const config = newConfig();
        config.add_service(Service.$gtype, 'test', ['channel-type:late'], null);
        config.add_service(Service.$gtype, 'other', ['session-request:x'], null);
        const [client, server] = await connect(config);
        act = (service, question) => kept.push(question);
        const late = client.open_channel_async('late', null);
        while (kept.length === 0)
            GLib.MainContext.default().iteration(true);
        act = (service, question) => answer(question);
        assert((await asked(client, 'x'))[0], 'others are served');
        System.gc();
        kept.pop().accept();
        assert((await late).get_channel_type() === 'late', 'answered');
        await close(client, server);
    },

    async 'name-taken'() {
        const config = newConfig();
        config.add_service(Service.$gtype, 'test', [], null);
        for (const [type, name, rules] of [[Service.$gtype, 'test', []], [Service.$gtype, '', []],
            [Service.$gtype, 'other', ['nonsense:x']], [GObject.Object.$gtype, 'other', []]]) {
            let error = null;
            try {
                config.add_service(type, name, rules, null);
            } catch (thrown) {
                error = thrown;
            }
            assert(error?.matches(DevSsh.Error, DevSsh.Error.INVALID_CONFIG), `${name} ${rules}: ${error}`);
        }
    },

    async 'registry'() {
        const registry = new DevSsh.PluginRegistry({directories: [directory(), '/nowhere']});
        const [info, nowhere] = [...registry];
        assert(info.name === 'port-forwarding' && info.origin === DevSsh.PluginOrigin.DIRECTORY, 'the plugin');
        assert(info.get_services().get_item(0).get_rules().includes('session-request:tcpip-forward'), 'its rules');
        assert(nowhere.state === DevSsh.PluginState.FAILED && nowhere.get_error().message.includes('/nowhere'), 'the fault');
    },
};

const loop = GLib.MainLoop.new(null, false);
let failed = 0;

async function main() {
    let number = 0;
    const all = [...Object.keys(RULES).map(kind => [`rule/${kind}`, () => checkRule(kind)]), ...Object.entries(tests)];
    print(`1..${all.length}`);
    for (const [name, test] of all) {
        let passed = true;
        try {
            await test();
        } catch (error) {
            passed = false;
            printerr(error, error.stack);
        }
        failed += passed ? 0 : 1;
        print(`${passed ? 'ok' : 'not ok'} ${++number} /javascript/services/${name}`);
    }
    removeDirectory();
}

main().finally(() => loop.quit());
loop.run();
System.exit(failed ? 1 : 0);
