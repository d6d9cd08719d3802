// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a command on a server, shows what it says, and ends with its status.
//
//   client HOST PORT USER KEY-FILE KNOWN-HOSTS COMMAND
//   client localhost 22 alice ~/.ssh/id_ed25519 ~/.ssh/known_hosts "uname -a"

async int run (string[] words) throws Error {
    string host = words[1];
    var port = (uint16) int.parse (words[2]);

    // Is it the right host? Nothing of the user leaves before the answer.
    var known_hosts = new DevSsh.KnownHosts ();
    yield known_hosts.load_file_async (File.new_for_path (words[5]));
    var verifier = new DevSsh.HostKeyVerifier (known_hosts, DevSsh.HostKeyPolicy.STRICT);

    var me = new DevSsh.ClientCredentials (words[3]);
    me.add_key (yield DevSsh.KeyPair.import_file_async (File.new_for_path (words[4]), DevSsh.KeyFormat.DEFAULT, null));

    var client = new DevSsh.Client (null);
    var session = yield client.connect_to_host_async (host, port);
    verifier.attach (session, host, port);
    if (!yield session.authenticate_async (me))
        throw new DevSsh.Error.REFUSED ("refused");

    var channel = yield session.open_channel_async (null);
    channel.data.connect ((data) => stdout.write (data.get_data ()));
    channel.extended_data.connect ((type, data) => stderr.write (data.get_data ()));
    yield channel.exec_async (words[6]);
    yield channel.wait_closed_async ();
    client.close ();

    if (channel.get_error () != null)
        throw channel.get_error ().copy ();
    return (int) channel.get_exit_status ();
}

int main (string[] args) {
    if (args.length != 7) {
        printerr ("usage: client HOST PORT USER KEY-FILE KNOWN-HOSTS COMMAND\n");
        return 2;
    }
    var loop = new MainLoop ();
    int status = 255;
    run.begin (args, (source, result) => {
        try {
            status = run.end (result);
        } catch (Error error) {
            printerr ("client: %s\n", error.message);
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
