"""net WORD …: sockets and HTTP of Python's own library, as a component that exports wasi:cli/run."""

import encodings.idna  # Looked for when a name is first used, and by then there is no library to look in.
import hashlib
import socket
import sys
import urllib.error
import urllib.request

from wit_world import exports


def endpoint(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def tcp_client(address, text, times):
    with socket.create_connection(endpoint(address)) as peer:
        for _ in range(times):
            peer.sendall(text.encode())
        peer.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := peer.recv(4096):
            answer += piece
    print(f"{len(answer)} bytes, {hashlib.sha256(answer).hexdigest()[:16]}")


def tcp_server(address, count):
    with socket.socket() as listener:
        listener.bind(endpoint(address))
        listener.listen()
        print("%s:%d" % listener.getsockname(), flush=True)
        for number in range(count):
            peer, _ = listener.accept()
            with peer:
                while piece := peer.recv(4096):
                    peer.sendall(piece)
            print(f"answered {number + 1}")


def udp_client(address, text):
    with socket.socket(type=socket.SOCK_DGRAM) as own:
        own.sendto(text.encode(), endpoint(address))
        answer, sender = own.recvfrom(2000)
        print(answer.decode(), sender == endpoint(address))


def udp_server(address, count):
    with socket.socket(type=socket.SOCK_DGRAM) as own:
        own.bind(endpoint(address))
        print("%s:%d" % own.getsockname(), flush=True)
        for _ in range(count):
            piece, sender = own.recvfrom(2000)
            own.sendto(piece, sender)


def get(url, body):
    request = urllib.request.Request(url, data=body, headers={"X-Asked": "by Python"})
    try:
        with urllib.request.urlopen(request) as answer:
            content = answer.read()
            print(answer.status, answer.headers.get("X-Answer"), len(content), hashlib.sha256(content).hexdigest()[:16])
    except urllib.error.HTTPError as error:
        print(error.code, error.reason)


def work(arguments):
    match arguments:
        case ["tcp-client", address, text, times]:
            tcp_client(address, text, int(times))
        case ["tcp-server", address, count]:
            tcp_server(address, int(count))
        case ["udp-client", address, text]:
            udp_client(address, text)
        case ["udp-server", address, count]:
            udp_server(address, int(count))
        case ["resolve", name]:
            for found in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM):
                print(found[4][0])
        case ["get", url]:
            get(url, None)
        case ["post", url, text]:
            get(url, text.encode())
        case _:
            print("net: unknown words", file=sys.stderr)
            sys.exit(2)


class Run(exports.Run):
    def run(self):
        try:
            work(sys.argv[1:])
        except OSError as error:
            print(f"net: {type(error).__name__} {error}")
            sys.exit(1)
