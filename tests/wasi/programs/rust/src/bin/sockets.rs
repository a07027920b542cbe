//! sockets WORD …: the calls of wasi:sockets one by one, each with what it answers; what a library would not show. WASI 0.2 only.

#[cfg(target_env = "p2")]
mod calls {
    use wasip2::io::streams::{InputStream, OutputStream, StreamError};
    use wasip2::sockets::instance_network::instance_network;
    use wasip2::sockets::ip_name_lookup::resolve_addresses;
    use wasip2::sockets::network::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, Network};
    use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
    use wasip2::sockets::tcp_create_socket::create_tcp_socket;
    use wasip2::sockets::udp::{OutgoingDatagram, UdpSocket};
    use wasip2::sockets::udp_create_socket::create_udp_socket;

    const FAMILIES: [IpAddressFamily; 2] = [IpAddressFamily::Ipv4, IpAddressFamily::Ipv6];

    fn text<T>(answer: Result<T, ErrorCode>) -> &'static str {
        answer.map_or_else(|code| code.name(), |_| "ok")
    }

    fn shown<T: std::fmt::Display>(answer: Result<T, ErrorCode>) -> String {
        answer.map_or_else(|code| code.name().to_owned(), |value| value.to_string())
    }

    fn stream_text<T>(answer: &Result<T, StreamError>) -> &'static str {
        match answer {
            Ok(_) => "ok",
            Err(StreamError::Closed) => "closed",
            Err(StreamError::LastOperationFailed(_)) => "failed",
        }
    }

    fn ipv4(address: [u8; 4], port: u16) -> IpSocketAddress {
        IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (address[0], address[1], address[2], address[3]) })
    }

    fn ipv6(address: [u16; 8], port: u16) -> IpSocketAddress {
        let [a, b, c, d, e, f, g, h] = address;
        IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address: (a, b, c, d, e, f, g, h), scope_id: 0 })
    }

    fn local(family: IpAddressFamily, port: u16) -> IpSocketAddress {
        if family == IpAddressFamily::Ipv4 { ipv4([127, 0, 0, 1], port) } else { ipv6([0, 0, 0, 0, 0, 0, 0, 1], port) }
    }

    /// What is no address that a socket of the machine could have, or could reach.
    fn odd_addresses(port: u16) -> Vec<(&'static str, IpSocketAddress)> {
        vec![
            ("any", ipv4([0; 4], port)),
            ("not here", ipv4([192, 0, 2, 1], port)),
            ("multicast", ipv4([224, 0, 0, 1], port)),
            ("broadcast", ipv4([255; 4], port)),
            ("any of IPv6", ipv6([0; 8], port)),
            ("not here in IPv6", ipv6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], port)),
            ("multicast of IPv6", ipv6([0xff02, 0, 0, 0, 0, 0, 0, 1], port)),
            ("mapped", ipv6([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], port)),
            ("compatible", ipv6([0, 0, 0, 0, 0, 0, 0x7f00, 1], port)),
        ]
    }

    fn tcp(family: IpAddressFamily) -> TcpSocket {
        create_tcp_socket(family).expect("a socket")
    }

    fn bound(network: &Network, family: IpAddressFamily) -> TcpSocket {
        let socket = tcp(family);
        socket.start_bind(network, local(family, 0)).expect("bind");
        socket.finish_bind().expect("bind");
        socket
    }

    fn listening(network: &Network, family: IpAddressFamily) -> TcpSocket {
        let socket = bound(network, family);
        socket.start_listen().expect("listen");
        socket.finish_listen().expect("listen");
        socket
    }

    struct End {
        // In the order in which they are to be dropped.
        input: InputStream,
        output: OutputStream,
        socket: TcpSocket,
    }

    fn pair(network: &Network, family: IpAddressFamily) -> (End, End, TcpSocket) {
        let listener = listening(network, family);
        let socket = tcp(family);
        socket.start_connect(network, listener.local_address().expect("address")).expect("connect");
        socket.subscribe().block();
        let (input, output) = socket.finish_connect().expect("connect");
        listener.subscribe().block();
        let (other, other_input, other_output) = listener.accept().expect("accept");
        (End { input, output, socket }, End { input: other_input, output: other_output, socket: other }, listener)
    }

    /// Every operation that changes no state, in one state. `skips` names those that would.
    fn row(network: &Network, name: &str, socket: &TcpSocket, skips: &[&str]) {
        let family = socket.address_family();
        let say = |what: &str, call: &dyn Fn() -> String| {
            if !skips.contains(&what) {
                println!("{name}: {what}: {}", call());
            }
        };
        say("start-bind", &|| text(socket.start_bind(network, local(family, 0))).into());
        say("finish-bind", &|| text(socket.finish_bind()).into());
        say("start-connect", &|| text(socket.start_connect(network, local(family, 1))).into());
        say("finish-connect", &|| text(socket.finish_connect()).into());
        say("start-listen", &|| text(socket.start_listen()).into());
        say("finish-listen", &|| text(socket.finish_listen()).into());
        say("accept", &|| text(socket.accept()).into());
        say("shutdown", &|| text(socket.shutdown(ShutdownType::Both)).into());
        say("local-address", &|| text(socket.local_address()).into());
        say("remote-address", &|| text(socket.remote_address()).into());
        say("is-listening", &|| socket.is_listening().to_string());
        say("backlog", &|| text(socket.set_listen_backlog_size(8)).into());
        say("keep-alive", &|| text(socket.keep_alive_enabled()).into());
        say("hop-limit", &|| text(socket.hop_limit()).into());
        say("buffers", &|| text(socket.receive_buffer_size()).into());
    }

    fn tcp_states(network: &Network) {
        for family in FAMILIES {
            row(network, "fresh", &tcp(family), &["start-bind", "start-connect"]);
            let binding = tcp(family);
            binding.start_bind(network, local(family, 0)).expect("bind");
            row(network, "binding", &binding, &["finish-bind"]);
            row(network, "bound", &bound(network, family), &["start-connect", "start-listen"]);
            let starting = bound(network, family);
            starting.start_listen().expect("listen");
            // Wasmtime lets accept in before listening is finished, against what the interface says.
            row(network, "listen started", &starting, &["finish-listen", "accept"]);
            let listener = listening(network, family);
            row(network, "listening", &listener, &[]);
            let connecting = tcp(family);
            connecting.start_connect(network, listener.local_address().expect("address")).expect("connect");
            // What a socket's options are on the way is told by nobody alike.
            row(network, "connecting", &connecting, &["finish-connect", "keep-alive", "hop-limit", "buffers", "local-address"]);
            let (client, server, _listener) = pair(network, family);
            row(network, "connected", &client.socket, &["shutdown"]);
            row(network, "accepted", &server.socket, &["shutdown"]);
            let same = format!("{:?}", client.socket.remote_address()) == format!("{:?}", server.socket.local_address());
            println!("addresses of both ends agree: {same}");
        }
    }

    fn tcp_refused(network: &Network) {
        for family in FAMILIES {
            let closed = bound(network, family);
            let address = closed.local_address().expect("address");
            let socket = tcp(family);
            println!("start-connect: {}", text(socket.start_connect(network, address)));
            socket.subscribe().block();
            println!("finish-connect: {}", text(socket.finish_connect()));
            println!("finish-connect again: {}", text(socket.finish_connect()));
            println!("start-listen: {}", text(socket.start_listen()));
        }
    }

    fn tcp_addresses(network: &Network) {
        for family in FAMILIES {
            for (name, address) in odd_addresses(80) {
                let socket = tcp(family);
                // Port 80 of an address of the machine needs rights.
                if !name.starts_with("any") {
                    println!("{family:?}: bind {name}: {}", text(socket.start_bind(network, address)));
                }
                if !name.starts_with("not here") {
                    println!("{family:?}: connect {name}: {}", text(tcp(family).start_connect(network, address)));
                }
            }
            println!("{family:?}: connect to port 0: {}", text(tcp(family).start_connect(network, local(family, 0))));
            let taken = listening(network, family);
            println!("{family:?}: bind what is taken: {}", text(tcp(family).start_bind(network, taken.local_address().expect("address"))));
        }
    }

    fn tcp_options(network: &Network) {
        const SECOND: u64 = 1_000_000_000;
        for family in FAMILIES {
            let (client, server, listener) = pair(network, family);
            let fresh = tcp(family);
            for (name, socket) in [("fresh", &fresh), ("listening", &listener), ("client", &client.socket), ("server", &server.socket)] {
                println!("{name}: keep alive {}", shown(socket.keep_alive_enabled()));
                println!("{name}: set {} {}", text(socket.set_keep_alive_enabled(true)), shown(socket.keep_alive_enabled()));
                for value in [0, 1, SECOND, 7 * SECOND, 7 * SECOND + 1] {
                    println!("{name}: idle {value}: {} {}", text(socket.set_keep_alive_idle_time(value)), shown(socket.keep_alive_idle_time()));
                    println!("{name}: interval {value}: {} {}", text(socket.set_keep_alive_interval(value)), shown(socket.keep_alive_interval()));
                }
                for value in [0, 1, 5, 127] {
                    println!("{name}: count {value}: {} {}", text(socket.set_keep_alive_count(value)), shown(socket.keep_alive_count()));
                }
                for value in [0, 1, 42, 255] {
                    println!("{name}: hops {value}: {} {}", text(socket.set_hop_limit(value)), shown(socket.hop_limit()));
                }
                for value in [0, 65536] {
                    println!("{name}: receive {value}: {} {}", text(socket.set_receive_buffer_size(value)), socket.receive_buffer_size().is_ok_and(|size| size >= value));
                    println!("{name}: send {value}: {} {}", text(socket.set_send_buffer_size(value)), socket.send_buffer_size().is_ok_and(|size| size >= value));
                }
                for value in [0, 1, u64::MAX] {
                    println!("{name}: backlog {value}: {}", text(socket.set_listen_backlog_size(value)));
                }
            }
        }
    }

    fn tcp_shutdown(network: &Network) {
        for (name, how) in [("receive", ShutdownType::Receive), ("send", ShutdownType::Send), ("both", ShutdownType::Both)] {
            let (client, server, _listener) = pair(network, IpAddressFamily::Ipv4);
            println!("{name}: {} {}", text(client.socket.shutdown(how)), text(client.socket.shutdown(how)));
            if how != ShutdownType::Send {
                println!("{name}: own read {}", stream_text(&client.input.blocking_read(10)));
            }
            if how != ShutdownType::Receive {
                println!("{name}: own write {}", stream_text(&client.output.check_write()));
                println!("{name}: peer's read {}", stream_text(&server.input.blocking_read(10)));
            } else {
                println!("{name}: own write {}", stream_text(&client.output.blocking_write_and_flush(b"hello")));
                println!("{name}: peer's read {}", stream_text(&server.input.blocking_read(10)));
            }
        }
        let (client, server, _listener) = pair(network, IpAddressFamily::Ipv4);
        println!("early read: {}", client.input.read(10).map_or_else(|error| stream_text::<()>(&Err(error)).to_owned(), |bytes| bytes.len().to_string()));
        drop(server);
        println!("read after the peer is gone: {}", stream_text(&client.input.blocking_read(10)));
        println!("accept with nobody there: {}", text(listening(network, IpAddressFamily::Ipv4).accept()));
    }

    fn udp_bound(network: &Network, family: IpAddressFamily) -> UdpSocket {
        let socket = create_udp_socket(family).expect("a socket");
        socket.start_bind(network, local(family, 0)).expect("bind");
        socket.finish_bind().expect("bind");
        socket
    }

    fn udp_states(network: &Network) {
        for family in FAMILIES {
            let socket = create_udp_socket(family).expect("a socket");
            let say = |name: &str| {
                println!("{name}: finish-bind {}", text(socket.finish_bind()));
                println!("{name}: local-address {}", text(socket.local_address()));
                println!("{name}: remote-address {}", text(socket.remote_address()));
                println!("{name}: family {:?}", socket.address_family());
            };
            say("fresh");
            println!("fresh: stream {}", text(socket.stream(None)));
            println!("start-bind: {}", text(socket.start_bind(network, local(family, 0))));
            println!("again: {}", text(socket.start_bind(network, local(family, 0))));
            println!("finish-bind: {}", text(socket.finish_bind()));
            say("bound");
            println!("bound: start-bind {}", text(socket.start_bind(network, local(family, 0))));
            let streams = socket.stream(None);
            say("streams");
            drop(streams);
            let other = udp_bound(network, family);
            let streams = socket.stream(Some(other.local_address().expect("address")));
            println!("connected: {} {}", text(socket.local_address()), format!("{:?}", socket.remote_address()) == format!("{:?}", other.local_address()));
            drop(streams);
            let streams = socket.stream(None);
            println!("disconnected: {}", text(socket.remote_address()));
            drop(streams);
            for value in [0, 1, 42, 255] {
                println!("hops {value}: {} {}", text(socket.set_unicast_hop_limit(value)), shown(socket.unicast_hop_limit()));
            }
            for value in [0, 65536] {
                println!("receive {value}: {} {}", text(socket.set_receive_buffer_size(value)), socket.receive_buffer_size().is_ok_and(|size| size >= value));
                println!("send {value}: {} {}", text(socket.set_send_buffer_size(value)), socket.send_buffer_size().is_ok_and(|size| size >= value));
            }
        }
    }

    fn udp_addresses(network: &Network) {
        for family in FAMILIES {
            for (name, address) in odd_addresses(80) {
                if !name.starts_with("any") && !name.contains("cast") {
                    println!("{family:?}: bind {name}: {}", text(create_udp_socket(family).expect("a socket").start_bind(network, address)));
                }
                if !name.starts_with("not here") && !name.contains("cast") {
                    println!("{family:?}: stream to {name}: {}", text(udp_bound(network, family).stream(Some(address))));
                }
            }
            println!("{family:?}: stream to port 0: {}", text(udp_bound(network, family).stream(Some(local(family, 0)))));
            let taken = udp_bound(network, family);
            let socket = create_udp_socket(family).expect("a socket");
            println!("{family:?}: bind what is taken: {}", text(socket.start_bind(network, taken.local_address().expect("address"))));
        }
    }

    fn udp_datagrams(network: &Network) {
        for family in FAMILIES {
            let (own, peer) = (udp_bound(network, family), udp_bound(network, family));
            let address = peer.local_address().expect("address");
            let (peer_in, _peer_out) = peer.stream(None).expect("streams");
            let datagram = |size: usize, remote_address: Option<IpSocketAddress>| OutgoingDatagram { data: vec![b'x'; size], remote_address };
            let unknown = local(family, 1);
            {
                let (_input, output) = own.stream(None).expect("streams");
                let send = |list: &[OutgoingDatagram]| {
                    output.subscribe().block();
                    output.check_send().and_then(|permit| if permit == 0 { Err(ErrorCode::WouldBlock) } else { output.send(list) })
                };
                println!("check-send: {}", output.check_send().is_ok_and(|permit| permit > 0));
                println!("nothing: {}", shown(send(&[])));
                println!("to nobody: {}", shown(send(&[datagram(1, None)])));
                println!("to port 0: {}", shown(send(&[datagram(1, Some(local(family, 0)))])));
                println!("too large: {}", shown(send(&[datagram(70_000, Some(address))])));
                println!("one that is good, one that is not: {}", shown(send(&[datagram(1, Some(address)), datagram(70_000, Some(address))])));
                println!("two: {}", shown(send(&[datagram(2, Some(address)), datagram(0, Some(address))])));
            }
            {
                let (_input, output) = own.stream(Some(address)).expect("streams");
                let send = |list: &[OutgoingDatagram]| {
                    output.subscribe().block();
                    output.check_send().and_then(|permit| if permit == 0 { Err(ErrorCode::WouldBlock) } else { output.send(list) })
                };
                println!("connected, no address: {}", shown(send(&[datagram(3, None)])));
                println!("connected, the same address: {}", shown(send(&[datagram(4, Some(address))])));
                println!("connected, another address: {}", shown(send(&[datagram(5, Some(unknown))])));
            }
            let mut sizes = Vec::new();
            while sizes.len() < 5 {
                peer_in.subscribe().block();
                let mine = own.local_address().expect("address");
                for got in peer_in.receive(16).expect("datagrams") {
                    sizes.push((got.data.len(), format!("{:?}", got.remote_address) == format!("{mine:?}")));
                }
            }
            println!("received: {sizes:?}");
            println!("no more: {}", peer_in.receive(16).map_or_else(|code| code.name().to_owned(), |list| list.len().to_string()));
            println!("none wanted: {}", peer_in.receive(0).map_or_else(|code| code.name().to_owned(), |list| list.len().to_string()));
        }
    }

    fn names(network: &Network, names: &[String]) {
        for name in names {
            match resolve_addresses(network, name) {
                Err(code) => println!("{name}: {}", code.name()),
                Ok(stream) => loop {
                    stream.subscribe().block();
                    match stream.resolve_next_address() {
                        Ok(Some(IpAddress::Ipv4((a, b, c, d)))) => println!("{name}: {}", std::net::Ipv4Addr::new(a, b, c, d)),
                        Ok(Some(IpAddress::Ipv6((a, b, c, d, e, f, g, h)))) => println!("{name}: {}", std::net::Ipv6Addr::new(a, b, c, d, e, f, g, h)),
                        Ok(None) => break println!("{name}: end, again {}", stream.resolve_next_address().is_ok_and(|next| next.is_none())),
                        Err(code) => break println!("{name}: later {}", code.name()),
                    }
                },
            }
        }
    }

    pub fn run(arguments: &[String]) -> bool {
        let network = instance_network();
        match arguments.first().map_or("", String::as_str) {
            "tcp-states" => tcp_states(&network),
            "tcp-refused" => tcp_refused(&network),
            "tcp-addresses" => tcp_addresses(&network),
            "tcp-options" => tcp_options(&network),
            "tcp-shutdown" => tcp_shutdown(&network),
            "udp-states" => udp_states(&network),
            "udp-addresses" => udp_addresses(&network),
            "udp-datagrams" => udp_datagrams(&network),
            "names" => names(&network, &arguments[1..]),
            _ => return false,
        }
        true
    }
}

#[cfg(not(target_env = "p2"))]
mod calls {
    pub fn run(_: &[String]) -> bool {
        false
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !calls::run(&arguments) {
        eprintln!("sockets: unknown word");
        std::process::exit(2);
    }
}
