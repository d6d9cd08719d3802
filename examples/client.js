#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a command on a host whose key is known, and ends as the command does.
//
//   gjs -m client.js HOST PORT USER KEY-FILE KNOWN-HOSTS COMMAND
//   gjs -m client.js localhost 22 alice ~/.ssh/id_ed25519 ~/.ssh/known_hosts "uname -a"
import DevSsh from 'gi://DevSsh?version=1';
import Gio from 'gi://Gio?version=2.0';
import System from 'system';

async function main(host, port, user, keyFile, knownHostsFile, command) {
    const knownHosts = new DevSsh.KnownHosts();
    await knownHosts.load_file_async(Gio.File.new_for_path(knownHostsFile));
    const me = DevSsh.ClientCredentials.new(user);
    me.add_key(await DevSsh.KeyPair.import_file_async(Gio.File.new_for_path(keyFile), DevSsh.KeyFormat.DEFAULT, null));

    const session = await new DevSsh.Client().connect_to_host_async(host, Number(port));
    // A key that is not known to be the host's ends the session before the user's name has left.
    DevSsh.HostKeyVerifier.new(knownHosts, DevSsh.HostKeyPolicy.STRICT).attach(session, host, Number(port));
    if (!await session.authenticate_async(me))
        throw new Error('refused');

    const channel = await session.open_channel_async(null);
    const [stdout, stderr] = [1, 2].map(fd => Gio.UnixOutputStream.new(fd, false));
    channel.connect('data', (_, data) => void stdout.write_all(data.toArray(), null));
    channel.connect('extended-data', (_, type, data) => void stderr.write_all(data.toArray(), null));
    await channel.exec_async(command);
    await channel.wait_closed_async();
    return channel.get_exit_status();
}

if (System.programArgs.length !== 6) {
    printerr('usage: gjs -m client.js HOST PORT USER KEY-FILE KNOWN-HOSTS COMMAND');
    System.exit(2);
}
try {
    System.exit(DevSsh.run(main(...System.programArgs)));
} catch (error) {
    printerr(`client: ${error.message}`);
    System.exit(255);
}
