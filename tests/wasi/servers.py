"""Servers on this machine for programs of the network, and clients for programs that are servers themselves."""

import hashlib
import http.server
import re
import socket
import socketserver
import threading
import time

SECONDS_MAX = 60
BLOCK = bytes(range(256)) * 256  # 64 KiB
# What a client adds or leaves out as it likes.
OWN_OF_CLIENTS = {"content-length", "transfer-encoding", "connection"}


def digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


class Web(http.server.BaseHTTPRequestHandler):
    """Each path is one way to answer; what was asked is kept in the server's `seen`."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "test", ""
    timeout = SECONDS_MAX

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return content

    def answer(self, code, content=b"", **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if code >= 200 and code not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def begin_chunks(self, **headers):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def chunk(self, content):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def handle_all(self):
        content = self.body()
        headers = sorted(f"{name.lower()}: {value}" for name, value in self.headers.items() if name.lower() not in OWN_OF_CLIENTS)
        self.server.seen.append(f"{self.command} {self.path} {headers} {len(content)} {digest(content)}")
        word, _, rest = self.path.split("?")[0].lstrip("/").partition("/")
        getattr(self, f"at_{word.replace('-', '_')}", self.at_unknown)(rest, content)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_ODD = handle_all

    def at_unknown(self, *_):
        self.answer(404, b"not here\n")

    def at_hello(self, *_):
        self.answer(200, b"hello\n", X_Answer="yes", X_Method=self.command)

    def at_status(self, rest, _):
        self.answer(int(rest), f"status {rest}\n".encode() if rest not in ("204", "304") else b"", X_Status=rest)

    def at_headers(self, *_):
        self.send_response(200)
        for name, value in (("X-Twice", "one"), ("x-twice", "two"), ("X-Empty", ""), ("X-Spaces", "  inner  spaces  "), ("X-Latin", "caf\xe9")):
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def at_echo(self, _, content):
        self.answer(200, content, X_Type=self.headers.get("Content-Type", "none"))

    def at_digest(self, _, content):
        self.answer(200, f"{len(content)} {digest(content)}\n".encode())

    def at_large(self, rest, _):
        self.send_response(200)
        self.send_header("Content-Length", str(int(rest) * len(BLOCK)))
        self.end_headers()
        for _ in range(int(rest)):
            self.wfile.write(BLOCK)

    def at_chunks(self, rest, _):
        self.begin_chunks()
        for number in range(int(rest)):
            self.chunk(f"chunk {number}\n".encode() * (number + 1))
        self.wfile.write(b"0\r\n\r\n")

    def at_trailers(self, *_):
        self.begin_chunks(Trailer="X-After")
        self.chunk(b"before\n")
        self.wfile.write(b"0\r\nX-After: the body\r\n\r\n")

    def at_slow(self, *_):
        self.begin_chunks()
        for number in range(3):
            self.chunk(f"{number}\n".encode())
            time.sleep(0.02)
        self.wfile.write(b"0\r\n\r\n")

    def at_until_close(self, *_):
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Answer: until the end\r\nConnection: close\r\n\r\nall there is\n")

    def at_interim(self, *_):
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        self.answer(200, b"after it\n")

    def at_redirect(self, rest, _):
        self.answer(302, b"elsewhere\n", Location="/" + rest)

    def at_early(self, *_):
        self.close_connection = True

    def at_half(self, *_):
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")

    def at_half_chunks(self, *_):
        self.close_connection = True
        self.begin_chunks()
        self.wfile.write(b"ff\r\n0123456789")

    def at_garbage(self, *_):
        self.close_connection = True
        self.wfile.write(b"This is no HTTP at all\r\n\r\n")

    def at_many_headers(self, *_):
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"x" * 8000) for number in range(100)) + b"Content-Length: 0\r\n\r\n")

    def at_silent(self, *_):
        self.close_connection = True
        self.server.stopped.wait(SECONDS_MAX)


class WebServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # A client that goes is what some scenarios are about.

    def shutdown(self):
        self.stopped.set()
        super().shutdown()


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(SECONDS_MAX)
        try:
            while piece := self.request.recv(65536):
                self.request.sendall(piece)
        except OSError:
            pass


class Quiet(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.stopped.wait(SECONDS_MAX)


class EchoDatagrams(socketserver.BaseRequestHandler):
    def handle(self):
        content, own = self.request
        own.sendto(content, self.client_address)


class Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def shutdown(self):
        self.stopped.set()
        super().shutdown()


class Udp(socketserver.UDPServer):
    max_packet_size = 65536


class Closed:
    """A port that is taken, and where nobody listens."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.server_address = self.socket.getsockname()

    def serve_forever(self, *_):
        pass

    def shutdown(self):
        pass

    def server_close(self):
        self.socket.close()


def make(kind):
    place = ("127.0.0.1", 0)
    return {"http": lambda: WebServer(place, Web), "echo": lambda: Tcp(place, Echo), "quiet": lambda: Tcp(place, Quiet), "datagrams": lambda: Udp(place, EchoDatagrams),
            "closed": Closed}[kind]()


class Servers:
    """The servers that a text names: `{http}` stands for an address, `{http.port}` for its port. Started with the block and ended with it."""

    def __init__(self, texts):
        self.kinds = sorted({kind for text in texts for kind in re.findall(r"\{(http|echo|quiet|datagrams|closed)(?:\.port)?\}", text)})
        self.servers = {}

    def __enter__(self):
        for kind in self.kinds:
            server = make(kind)
            server.seen = []
            server.stopped = threading.Event()
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            self.servers[kind] = server
        return self

    def __exit__(self, *_):
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def fill(self, text):
        for kind, server in self.servers.items():
            port = str(server.server_address[1])
            text = text.replace(f"{{{kind}}}", f"127.0.0.1:{port}").replace(f"{{{kind}.port}}", port)
        return text

    def without_ports(self, content):
        for kind, server in self.servers.items():
            content = re.sub(rb":%d\b" % server.server_address[1], b":" + kind.encode(), content)
        return content

    def seen(self):
        return "".join(f"server saw {line}\n" for server in self.servers.values() for line in sorted(server.seen)).encode()


def ask_tcp(address, contents):
    """Sends each content on a connection of its own, as one client after the other; what came back, a line each."""
    lines = []
    for content in contents:
        with socket.create_connection(address, timeout=SECONDS_MAX) as peer:
            sender = threading.Thread(target=lambda peer=peer, content=content: (peer.sendall(content), peer.shutdown(socket.SHUT_WR)))
            sender.start()
            got = b""
            while piece := peer.recv(65536):
                got += piece
            sender.join()
        lines.append(f"client got {len(got)} {digest(got)}, the same: {got == content}\n")
    return "".join(lines)


def ask_udp(address, contents):
    lines = []
    with socket.socket(type=socket.SOCK_DGRAM) as own:
        own.settimeout(SECONDS_MAX)
        for content in contents:
            own.sendto(content, address)
            got, sender = own.recvfrom(65536)
            lines.append(f"client got {len(got)} {digest(got)}, the same: {got == content and sender == address}\n")
    return "".join(lines)
