// SPDX-License-Identifier: LGPL-2.1-or-later
// Forwards a port through a server, until the session ends or it is interrupted.
//
//   forward HOST PORT USER KEY-FILE KNOWN-HOSTS local|remote LISTEN-PORT TARGET-HOST TARGET-PORT
//
// local: listens here, the server connects to the target; remote: the other way round. LISTEN-PORT 0: any.

async void run (string[] words) throws Error {
    string host = words[1];
    var port = (uint16) int.parse (words[2]);
    uint listen = int.parse (words[7]);
    string target = words[8];
    uint target_port = int.parse (words[9]);

    // Is it the right host? Nothing of the user leaves before the answer.
    var known_hosts = new DevSsh.KnownHosts ();
    yield known_hosts.load_file_async (File.new_for_path (words[5]));
    var verifier = new DevSsh.HostKeyVerifier (known_hosts, DevSsh.HostKeyPolicy.STRICT);

    var me = new DevSsh.ClientCredentials (words[3]);
    me.add_key (yield DevSsh.KeyPair.import_file_async (File.new_for_path (words[4]), DevSsh.KeyFormat.DEFAULT, null));

    // A plugin forwards ports, and no plugin is opened that is not allowed.
    var config = new DevSsh.SessionConfig ();
    config.allow_plugins ({ DevSsh.SERVICE_NAME_PORT_FORWARDING });
    var client = new DevSsh.Client (config);
    var session = yield client.connect_to_host_async (host, port);
    verifier.attach (session, host, port);
    if (!yield session.authenticate_async (me))
        throw new DevSsh.Error.REFUSED ("refused");

    if (words[6] == "local") {
        var forwarded = yield session.forward_to_remote_port_async ("127.0.0.1", listen, target, target_port);
        print ("forwarding port %u\n", forwarded.local_port);
    } else {
        // The plugin asks before it lets anything in: connections to the port that we asked for are wanted.
        session.channel_opening.connect ((opening) => {
            opening.accept ();
            return true;
        });
        var forwarded = yield session.forward_from_remote_port_async ("127.0.0.1", listen, target, target_port);
        if (forwarded == null)
            throw new DevSsh.Error.REFUSED ("refused");
        print ("forwarding port %u\n", forwarded.remote_port);
    }
    stdout.flush ();

    yield session.wait_closed_async ();
    if (session.get_error () != null)
        throw session.get_error ().copy ();
    throw new DevSsh.Error.CLOSED ("the session is over");
}

int main (string[] args) {
    if (args.length != 10 || !(args[6] in new string[] { "local", "remote" })) {
        printerr ("usage: forward HOST PORT USER KEY-FILE KNOWN-HOSTS local|remote LISTEN-PORT TARGET-HOST TARGET-PORT\n");
        return 2;
    }
    var loop = new MainLoop ();
    run.begin (args, (source, result) => {
        try {
            run.end (result);
        } catch (Error error) {
            printerr ("forward: %s\n", error.message);
        }
        loop.quit ();
    });
    loop.run ();
    return 1;
}
