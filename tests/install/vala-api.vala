// SPDX-License-Identifier: LGPL-2.1-or-later
// What Vala has to say to the library that no example says: each kind of thing once.

class Ends {
    public DevSsh.ClientSession client;
    public DevSsh.ServerSession server;
    public signal void arrived (Bytes message);      // with a number of our own

    public async Ends () throws Error {
        int[] sockets = new int[2];
        assert (Posix.socketpair (Posix.AF_UNIX, Posix.SOCK_STREAM, 0, sockets) == 0);
        var config = new DevSsh.SessionConfig ();
        config.allow_plugins ({ DevSsh.SERVICE_NAME_PORT_FORWARDING });
        // A delegate with a target, owned by the library.
        config.set_message_handler (192, (session, payload) => {
            arrived (payload);
            return true;
        });

        var host = new DevSsh.ServerCredentials ();
        host.add_key (yield DevSsh.KeyPair.generate_async (DevSsh.ALGORITHM_KEY_ED25519, 0));
        var user = new DevSsh.ClientCredentials ("alice");
        user.set_password ("wonderland");

        client = new DevSsh.ClientSession (stream (sockets[0]), config);
        server = new DevSsh.ServerSession (stream (sockets[1]), config, host);
        server.authenticating.connect (accept);
        client.authenticating.connect (accept);
        server.connect_async.begin ();
        yield client.connect_async ();
        assert (yield client.authenticate_async (user));
    }

    static IOStream stream (int descriptor) throws Error {
        return SocketConnection.factory_create_connection (new Socket.from_fd (descriptor));
    }

    static bool accept (DevSsh.Authentication who) {
        who.accept (null);
        return true;
    }
}

// An errordomain is caught by its name, and by its code.
async void errors () throws Error {
    try {
        DevSsh.KeyPair.import_data (new Bytes ("no key".data), DevSsh.KeyFormat.DEFAULT, null);
        assert_not_reached ();
    } catch (DevSsh.Error error) {
        assert (error is DevSsh.Error.UNSUPPORTED || error is DevSsh.Error.MALFORMED);
    }
}

// The domains of the wire are enumerations: their codes are the numbers of the protocol.
async void reasons () throws Error {
    var ends = yield new Ends ();
    ends.server.channel_opening.connect ((opening) => {
        opening.reject (DevSsh.ChannelOpenFailure.RESOURCE_SHORTAGE, "not today");
        return true;
    });
    try {
        yield ends.client.open_channel_async (null);
        assert_not_reached ();
    } catch (Error error) {
        assert (error.matches (DevSsh.ChannelOpenFailure.quark (), DevSsh.ChannelOpenFailure.RESOURCE_SHORTAGE));
    }

    ends.server.close (DevSsh.DisconnectReason.BY_APPLICATION, "enough");
    yield ends.client.wait_closed_async ();
    assert (ends.client.get_error ().domain == DevSsh.DisconnectReason.quark ());
    assert (ends.client.get_disconnect_reason ().to_string () == DevSsh.DisconnectReason.BY_APPLICATION.to_string ());
}

// What shares a finish function with another, and what gives two things back.
async void calls () throws Error {
    var ends = yield new Ends ();
    ends.server.channel_opening.connect ((opening) => {
        assert ((string) opening.get_type_data ().get_data () == "data");
        opening.accept ();
        return true;
    });
    ends.server.request.connect ((request) => {
        request.complete_with_payload (request.get_request_type () == "what@example.org", new Bytes ("that".data));
        return true;
    });
    var channel = yield ends.client.open_channel_full_async ("mine@example.org", new Bytes ({ 'd', 'a', 't', 'a', 0 }), 1 << 16);
    assert (channel.channel_type == "mine@example.org");

    Bytes? reply;
    assert (yield ends.client.request_async ("what@example.org", true, null, null, out reply));
    assert (reply.compare (new Bytes ("that".data)) == 0);
    assert (!yield ends.client.request_async ("else@example.org", true, null, null, out reply));
}

async void delegates () throws Error {
    var ends = yield new Ends ();
    Bytes? got = null;
    ends.arrived.connect ((message) => {
        got = message;
        delegates.callback ();
    });
    ends.client.send_message (new Bytes ({ 192, 1, 2 }));
    yield;
    assert (got.length == 3 && got[2] == 2);
}

// Arrays go there and come back.
async void arrays () throws Error {
    var known = new DevSsh.KnownHosts ();
    var key = DevSsh.KeyPair.generate (DevSsh.ALGORITHM_KEY_ED25519, 0);
    var line = "a.example,b.example " + (string) key.export_public (DevSsh.KeyFormat.SSH).get_data ();
    known.load_data (new Bytes (line.data), null);
    DevSsh.KnownHostsEntry? entry;
    assert (known.check ("b.example", 22, key, out entry) == DevSsh.KnownHostsVerdict.TRUSTED && entry.get_line () == 1);
    assert (known.check ("c.example", 22, key, out entry) == DevSsh.KnownHostsVerdict.UNKNOWN && entry == null);
    GenericArray<DevSsh.KnownHostsEntry> entries = known.dup_entries (null, 0);
    assert (entries.length == 1 && entries[0].get_names () == "a.example,b.example");

    var config = new DevSsh.SessionConfig ();
    config.encryption_algorithms = { DevSsh.ALGORITHM_CIPHER_AES256_GCM };
    assert (config.get_encryption_algorithms ().length == 1);

    var contour = new DevSsh.SessionContour (4);
    contour.add_update (0, 10, 20, 0.5);
    assert (contour.dup_bytes_sent ()[0] == 10);
}

// A delegate that gives back two things and may throw.
async void factories () throws Error {
    var ends = yield new Ends ();
    ends.server.request.connect ((request) => {
        request.complete (true);
        return true;
    });
    uint asked = 0;
    ends.client.get_port_forwarder ().set_listener_factory ((forwarder, remote, address, port, can_change, out chosen) => {
        asked++;
        var listener = new SocketListener ();
        SocketAddress effective;
        listener.add_address (new InetSocketAddress.from_string (address, port), SocketType.STREAM, SocketProtocol.TCP, null,
                              out effective);
        chosen = ((InetSocketAddress) effective).port;
        return listener;
    });
    var port = yield ends.client.forward_to_remote_port_async ("127.0.0.1", 0, "localhost", 9);
    assert (asked > 0 && port.local_port != 0);
}

async void all () throws Error {
    yield errors ();
    yield reasons ();
    yield calls ();
    yield delegates ();
    yield arrays ();
    yield factories ();
}

int main () {
    var loop = new MainLoop ();
    all.begin ((source, result) => {
        try {
            all.end (result);
        } catch (Error error) {
            GLib.error ("%s", error.message);
        }
        loop.quit ();
    });
    loop.run ();
    return 0;
}
