#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
// Forwards a port through a host whose key is known, until it is interrupted.
//
//   gjs -m forward.js HOST PORT USER KEY-FILE KNOWN-HOSTS local|remote LISTEN-PORT TARGET-HOST TARGET-PORT
//
// local: listens here, the server connects to the target; remote: the other way round. LISTEN-PORT 0: any.
import DevSsh from 'gi://DevSsh?version=1';
import Gio from 'gi://Gio?version=2.0';
import System from 'system';

async function main(host, port, user, keyFile, knownHostsFile, direction, listen, target, targetPort) {
    const knownHosts = new DevSsh.KnownHosts();
    await knownHosts.load_file_async(Gio.File.new_for_path(knownHostsFile));
    const me = DevSsh.ClientCredentials.new(user);
    me.add_key(await DevSsh.KeyPair.import_file_async(Gio.File.new_for_path(keyFile), DevSsh.KeyFormat.DEFAULT, null));
    const config = new DevSsh.SessionConfig();
    config.allow_plugins([DevSsh.SERVICE_NAME_PORT_FORWARDING]);

    const session = await new DevSsh.Client({config}).connect_to_host_async(host, Number(port));
    DevSsh.HostKeyVerifier.new(knownHosts, DevSsh.HostKeyPolicy.STRICT).attach(session, host, Number(port));
    if (!await session.authenticate_async(me))
        throw new Error('refused');

    const addresses = ['127.0.0.1', Number(listen), target, Number(targetPort)];
    if (direction === 'local') {
        const forwarded = await session.forward_to_remote_port_async(...addresses);
        print(`forwarding port ${forwarded.get_local_port()}`);
    } else {
        // The plugin asks before it lets anything in: connections to the port that we asked for are wanted.
        session.connect('channel-opening', (_, opening) => {
            opening.accept();
            return true;
        });
        const forwarded = await session.forward_from_remote_port_async(...addresses);
        if (!forwarded)
            throw new Error('refused');
        print(`forwarding port ${forwarded.get_remote_port()}`);
    }
    await session.wait_closed_async();
    throw session.get_error() ?? new Error('the session is over');
}

if (System.programArgs.length !== 9) {
    printerr('usage: gjs -m forward.js HOST PORT USER KEY-FILE KNOWN-HOSTS local|remote LISTEN-PORT TARGET-HOST TARGET-PORT');
    System.exit(2);
}
try {
    DevSsh.run(main(...System.programArgs));
} catch (error) {
    printerr(`forward: ${error.message}`);
    System.exit(1);
}
