// SPDX-License-Identifier: LGPL-2.1-or-later
// Forwarding as JavaScript calls it, with listeners and message fields of its own; prints TAP.
imports.gi.versions.DevSsh = '1';
const {DevSsh, Gio, GLib} = imports.gi;
const System = imports.system;

Gio._promisify(Gio.SocketClient.prototype, 'connect_to_host_async');
Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async');
Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async');

function config() {
    const made = DevSsh.SessionConfig.new_no_security();
    made.allow_plugins([DevSsh.SERVICE_NAME_PORT_FORWARDING]);
    return made;
}

// Two sessions over TCP, without security; the server's application accepts all.
async function connect() {
    const service = new Gio.SocketService();
    const port = service.add_any_inet_port(null);
    const accepted = new Promise(resolve => service.connect('incoming', (_, connection) => {
        resolve(connection);
        return true;
    }));
    const outgoing = await new Gio.SocketClient().connect_to_host_async('127.0.0.1', port, null);
    const client = DevSsh.ClientSession.new(outgoing, config());
    const server = DevSsh.ServerSession.new(await accepted, config(), null);
    service.stop();
    service.close();
    await Promise.all([client.connect_async(null), server.connect_async(null)]);
    server.connect('request', (_, request) => {
        request.complete(true);
        return true;
    });
    server.connect('channel-opening', (_, opening) => {
        if (!opening.get_is_remote())
            return false;
        opening.accept();
        return true;
    });
    return {client, server};
}

class Target {
    constructor() {
        this.service = new Gio.SocketService();
        this.port = this.service.add_any_inet_port(null);
        this._waiting = [];
        this.service.connect('incoming', (_, connection) => {
            this._waiting.shift()(connection);
            return true;
        });
    }

    take() {
        return new Promise(resolve => this._waiting.push(resolve));
    }
}

async function carries(from, to) {
    await from.get_output_stream().write_bytes_async(new GLib.Bytes('there'), GLib.PRIORITY_DEFAULT, null);
    const bytes = await to.get_input_stream().read_bytes_async(100, GLib.PRIORITY_DEFAULT, null);
    return imports.byteArray.toString(bytes.toArray()) === 'there';
}

async function through(port, target) {
    const taken = target.take();
    const outside = await new Gio.SocketClient().connect_to_host_async('127.0.0.1', port, null);
    const inside = await taken;
    return await carries(outside, inside) && await carries(inside, outside);
}

function throwIo() {
    throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.PERMISSION_DENIED, 'not this one');
}

async function fails(promise, domain, code) {
    try {
        await promise;
    } catch (error) {
        return error.matches(domain, code);
    }
    return false;
}

const tests = {
    async 'both-ways'() {
        const {client} = await connect();
        const target = new Target();
        const from = await client.forward_from_remote_port_async(null, 0, null, target.port, null);
        const to = await client.forward_to_remote_port_async(null, 0, 'localhost', target.port, null);
        return await through(from.get_remote_port(), target) && await through(to.get_local_port(), target);
    },

    // The plugin's class is nowhere introspected; what the interface promises is found on it, whichever way it came.
    async 'interface'() {
        const {client, server} = await connect();
        const target = new Target();
        const activated = new Promise(resolve => server.connect('service-activated', (_, service) => resolve(service)));
        const ours = client.activate_service(DevSsh.SERVICE_NAME_PORT_FORWARDING);
        const from = await ours.forward_from_remote_port_async('127.0.0.1', 0, null, target.port);
        const theirs = await activated;
        const taken = target.take();
        const stream = await client.get_port_forwarder().stream_to_remote_port_async('127.0.0.1', target.port);
        return await carries(stream, await taken) && await through(from.get_remote_port(), target) &&
            // The client's application grants nobody anything.
            await theirs.forward_from_remote_port_async('127.0.0.1', 0, 'localhost', target.port) === null &&
            await fails(server.get_service('port-forwarding').stream_to_remote_port_async('127.0.0.1', target.port),
                DevSsh.ChannelOpenFailure.quark(), DevSsh.ChannelOpenFailure.ADMINISTRATIVELY_PROHIBITED);
    },

    async 'listener-factory'() {
        const {client, server} = await connect();
        const target = new Target();
        const asked = new Target();
        const chosen = [];
        server.get_port_forwarder().set_listener_factory((forwarder, remotePort, address, localPort, canChange) => {
            const listener = new Gio.SocketListener();
            const where = Gio.InetSocketAddress.new_from_string(address, canChange ? 0 : localPort);
            const [, bound] = listener.add_address(where, Gio.SocketType.STREAM, Gio.SocketProtocol.TCP, null);
            chosen.push(bound.get_port());
            return [listener, bound.get_port()];
        });
        const port = await client.forward_from_remote_port_async('127.0.0.1', asked.port, null, target.port, null);
        return port.get_remote_port() === asked.port && chosen[0] !== asked.port && await through(chosen[0], target);
    },

    async 'listener-factory-throws'() {
        const {client, server} = await connect();
        server.get_port_forwarder().set_listener_factory(throwIo);
        client.get_port_forwarder().set_listener_factory(throwIo);
        return await client.forward_from_remote_port_async(null, 0, null, 80, null) === null &&
            await fails(client.forward_to_remote_port_async(null, 0, null, 80, null),
                Gio.IOErrorEnum, Gio.IOErrorEnum.PERMISSION_DENIED);
    },

    async 'message-factory'() {
        const {client, server} = await connect();
        server.get_port_forwarder().set_message_factory((forwarder, kind, type, port, payload) =>
            new GLib.Bytes([...payload.toArray(), kind]));
        const port = await client.forward_from_remote_port_async(null, 0, null, 80, null);
        const message = DevSsh.PortForwardMessage.parse_success(port.get_reply());
        return message.get_port() === port.get_remote_port() &&
            message.get_extra().toArray()[0] === DevSsh.PortForwardMessageKind.SUCCESS;
    },

    async 'message-factory-throws'() {
        const {client} = await connect();
        client.get_port_forwarder().set_message_factory(throwIo);
        return await fails(client.forward_from_remote_port_async(null, 0, null, 80, null),
            Gio.IOErrorEnum, Gio.IOErrorEnum.PERMISSION_DENIED);
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
        print(`${passed ? 'ok' : 'not ok'} ${++number} /javascript/forwarding/${name}`);
    }
}

main().finally(() => loop.quit());
loop.run();
System.exit(failed ? 1 : 0);
