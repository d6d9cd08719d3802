// SPDX-License-Identifier: LGPL-2.1-or-later
// A program in TypeScript: test-typescript.py checks its types, and then runs what becomes of it.
import DevSsh from 'gi://DevSsh?version=1';
import Gio from 'gi://Gio?version=2.0';
import GLib from 'gi://GLib?version=2.0';
import GObject from 'gi://GObject?version=2.0';

const decode = (bytes: GLib.Bytes): string => new TextDecoder().decode(bytes.toArray());

const Shout = GObject.registerClass(class Shout extends DevSsh.Service {
    vfunc_channel_request(request: DevSsh.ChannelRequest): boolean {
        request.complete(request.get_request_type() === 'shout');
        return true;
    }
});

async function connect(): Promise<[DevSsh.ClientSession, DevSsh.ServerSession]> {
    const service = new Gio.SocketService();
    const port: number = service.add_any_inet_port(null);
    const accepted = new Promise<Gio.SocketConnection>(resolve => {
        service.connect('incoming', (_, connection) => {
            resolve(connection);
            return true;
        });
    });
    const outgoing = new Gio.SocketClient().connect_to_host('127.0.0.1', port, null);
    const config: DevSsh.SessionConfig = DevSsh.SessionConfig.new_no_security();
    config.add_service(Shout.$gtype, 'shout', ['channel-request:shout'], null);
    const client = DevSsh.ClientSession.new(outgoing, DevSsh.SessionConfig.new_no_security());
    const server = DevSsh.ServerSession.new(await accepted, config, null);
    service.stop();
    await Promise.all([client.connect_async(), server.connect_async(null)]);
    return [client, server];
}

async function main(): Promise<string> {
    const [client, server] = await connect();
    const ended: string[] = [];
    client.connect('closed', (session: DevSsh.Session, reason: DevSsh.DisconnectReason, message: string) => {
        ended.push(`${reason === DevSsh.DisconnectReason.BY_APPLICATION} ${message}`);
    });
    server.connect('request', (_, request) => {
        request.complete(request.get_request_type() === 'x@example.org');
        return true;
    });
    server.connect('channel-opening', (_, opening) => {
        const channel: DevSsh.Channel = opening.get_channel();
        channel.connect('data', (_channel, data) => {
            channel.send_async(new TextEncoder().encode(decode(data).toUpperCase()), null, null);
        });
        opening.accept();
        return true;
    });

    // A pair, of which nothing is taken away.
    const [granted, reply]: [boolean, GLib.Bytes | null] = await client.request_async('x@example.org', true, null);
    const [refused] = await client.request_async('y@example.org', true, null);
    const channel: DevSsh.Channel = await client.open_channel_async(null);
    const answer = new Promise<string>(resolve => channel.connect('data', (_, data) => resolve(decode(data))));
    const shouted: boolean = await channel.request_async('shout', true, null);
    await channel.send_async(new GLib.Bytes(new TextEncoder().encode('hello')));

    // Static, and with a callback as well.
    const key: DevSsh.KeyPair = await DevSsh.KeyPair.generate_async(DevSsh.ALGORITHM_KEY_ED25519, 0);
    const other = await new Promise<DevSsh.KeyPair>(resolve => {
        DevSsh.KeyPair.generate_async(DevSsh.ALGORITHM_KEY_ED25519, 0, null, (_, result) => {
            resolve(DevSsh.KeyPair.generate_finish(result));
        });
    });

    let failure = '';
    try {
        const forwarded: DevSsh.ForwardedPort = await client.forward_to_remote_port_async('127.0.0.1', 0, null, 80);
        failure = forwarded.to_string();
    } catch (error) {
        if (error instanceof GLib.Error && error.matches(DevSsh.Error.quark(), DevSsh.Error.NO_SERVICE))
            failure = 'no service';
    }

    const names: string[] = [];
    for (const plugin of new DevSsh.PluginRegistry({directories: ['/nowhere']}))
        names.push(`${plugin.state === DevSsh.PluginState.FAILED}`);

    print(granted, reply?.get_size(), refused, shouted, await answer, key.equal(other), failure, names.join());
    await client.close_async(DevSsh.DisconnectReason.BY_APPLICATION, 'done');
    return ended.join();
}

print(DevSsh.run(main()));
