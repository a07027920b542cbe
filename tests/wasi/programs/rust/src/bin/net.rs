//! net tcp-server|tcp-client|udp-server|udp-client|resolve …: echoes over std's sockets. WASI 0.2 only.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

fn run(arguments: &[&str]) -> std::io::Result<()> {
    match arguments {
        // Answers one connection and ends.
        ["tcp-server", address] => {
            let listener = TcpListener::bind(address)?;
            println!("{}", listener.local_addr()?);
            std::io::stdout().flush()?;
            let (mut stream, _) = listener.accept()?;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes)?;
            stream.write_all(&bytes)?;
            stream.shutdown(Shutdown::Write)
        }
        ["tcp-client", address, text] => {
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true).ok();
            stream.write_all(text.as_bytes())?;
            stream.shutdown(Shutdown::Write)?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            println!("{answer}");
            Ok(())
        }
        // Answers one datagram and ends.
        ["udp-server", address] => {
            let socket = UdpSocket::bind(address)?;
            println!("{}", socket.local_addr()?);
            std::io::stdout().flush()?;
            let mut bytes = [0; 1500];
            let (size, from) = socket.recv_from(&mut bytes)?;
            socket.send_to(&bytes[..size], from).map(drop)
        }
        ["udp-client", address, text] => {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.connect(address)?;
            socket.send(text.as_bytes())?;
            let mut bytes = [0; 1500];
            let size = socket.recv(&mut bytes)?;
            println!("{}", String::from_utf8_lossy(&bytes[..size]));
            Ok(())
        }
        // Several connections at once, each with its own text.
        ["tcp-clients", address, count] => {
            let count = count.parse::<usize>().expect("a count");
            let mut streams = (0..count).map(|_| TcpStream::connect(address)).collect::<std::io::Result<Vec<_>>>()?;
            for (number, stream) in streams.iter_mut().enumerate() {
                stream.write_all(format!("number {number}\n").repeat(number + 1).as_bytes())?;
            }
            for stream in &streams {
                stream.shutdown(Shutdown::Write)?;
            }
            for stream in &mut streams {
                let mut answer = String::new();
                stream.read_to_string(&mut answer)?;
                print!("{answer}");
            }
            Ok(())
        }
        ["resolve", host] => {
            for address in (*host, 0).to_socket_addrs()? {
                println!("{}", address.ip());
            }
            Ok(())
        }
        _ => Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "usage: net tcp-server|tcp-client|udp-server|udp-client|resolve …")),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Err(error) = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        println!("net: {:?}", error.kind());
        std::process::exit(1);
    }
}
