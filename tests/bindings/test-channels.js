// SPDX-License-Identifier: LGPL-2.1-or-later
// Channels as JavaScript sees them: what a handler was given stays good behind it. Prints TAP.
imports.gi.versions.DevSsh = '1';
const {DevSsh, Gio, GLib} = imports.gi;
const System = imports.system;

Gio._promisify(Gio.SocketListener.prototype, 'accept_async', 'accept_finish');
Gio._promisify(Gio.SocketClient.prototype, 'connect_to_host_async', 'connect_to_host_finish');

// Two sessions in one process, without security.
async function connect() {
    const listener = new Gio.SocketListener();
    const port = listener.add_any_inet_port(null);
    const accepting = listener.accept_async(null);
    const streams = [await new Gio.SocketClient().connect_to_host_async('127.0.0.1', port, null),
        [await accepting].flat()[0]];
    const client = DevSsh.ClientSession.new(streams[0], DevSsh.SessionConfig.new_no_security());
    const server = DevSsh.ServerSession.new(streams[1], DevSsh.SessionConfig.new_no_security(), null);
    await Promise.all([client.connect_async(null), server.connect_async(null)]);
    return [client, server];
}

async function open() {
    const [client, server] = await connect();
    const [ours, theirs] = await Promise.all([client.open_channel_async(null, null), server.accept_channel_async(null, null)]);
    // The sessions keep the channels.
    return {client, server, ours, theirs, closed: new Promise(resolve => theirs.connect('closed', resolve))};
}

const decode = pieces => pieces.map(piece => new TextDecoder().decode(piece.toArray())).join('');

const tests = {
    async 'data-kept'() {
        const {ours, theirs, closed} = await open();
        const kept = [];
        let sent = '';
        theirs.connect('data', (channel, data) => void kept.push(data));
        for (let i = 0; i < 200; i++) {
            const text = `message ${i} `.repeat(20);
            ours.send_async(new GLib.Bytes(text), null, null);
            sent += text;
        }
        ours.close();
        await closed;
        System.gc();
        return decode(kept) === sent;
    },

    async 'extended-data-kept'() {
        const {ours, theirs, closed} = await open();
        const kept = [];
        theirs.connect('extended-data', (channel, type, data) => void kept.push(data));
        for (const text of ['one', 'two', 'three'])
            ours.send_extended_async(1, new GLib.Bytes(text), null, null);
        ours.close();
        await closed;
        System.gc();
        return decode(kept) === 'onetwothree';
    },
};

const loop = GLib.MainLoop.new(null, false);
let failed = 0;

async function main() {
    let number = 0;
    print(`1..${Object.keys(tests).length}`);
    for (const [name, test] of Object.entries(tests)) {
        let passed = false;
        try {
            passed = await test();
        } catch (error) {
            printerr(error, error.stack);
        }
        failed += passed ? 0 : 1;
        print(`${passed ? 'ok' : 'not ok'} ${++number} /javascript/channels/${name}`);
    }
}

main().finally(() => loop.quit());
loop.run();
System.exit(failed ? 1 : 0);
