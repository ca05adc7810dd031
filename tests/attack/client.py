"""client.py ATTACK PORT SECONDS COUNT ADDRESSES [tls]: clients that do harm.

COUNT connections at a time from ADDRESSES loopback addresses (127.1.0.1 and
up) for SECONDS, each made again when it is lost.  Prints how many there were,
and which answers they got.  The right token is in WEBHOOK_SECRET: what must
not be traded carries it, so that a mistake is an alert too many.
"""
import collections
import os
import random
import resource
import selectors
import socket
import ssl
import struct
import sys
import time

ATTACK, PORT, SECONDS, COUNT, ADDRESSES = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
TLS = sys.argv[6:] == ["tls"] and ATTACK not in ("silent", "slow-hello", "hellos")
HEAD = b"POST /bybit HTTP/1.1\r\nHost: x\r\n"
chance = random.Random(1)
stamps = iter(range(1500000000000, 1600000000000, 1000))


def body(token=None, more=""):
    return ('{"token":"%s","trendComposite":4,"symbol":"BTCUSDT","action":"buy","timestamp":"%d","price":"47500.00"%s}'
            % (token or os.environ["WEBHOOK_SECRET"], next(stamps), more)).encode()


def post(content, *headers):
    return HEAD + b"".join(h + b"\r\n" for h in headers) + b"Content-Length: %d\r\n\r\n" % len(content) + content


def guesses():
    """Wrong tokens: none, near misses, any."""
    secret = os.environ["WEBHOOK_SECRET"]
    while True:
        yield post(body(chance.choice([secret[:-1], secret + "x", secret + "\\u0000", secret.upper(), "%032x" % chance.getrandbits(128)])))


def cuts():
    """A good request, cut at every byte but the last."""
    while True:
        whole = post(body())
        for n in range(1, len(whole)):
            yield whole[:n]


def smuggled():
    """More than one meaning (F38, F39), or none (F42 to F47)."""
    while True:
        b = body()
        n = len(b)
        right = b"Content-Length: %d\r\n" % n
        for framing in [
            b"", b"Transfer-Encoding: chunked\r\n", right + b"Transfer-Encoding: chunked\r\n", right + b"Transfer-Encoding: identity\r\n",
            right + right, right + b"Content-Length: 0\r\n", b"Content-Length: 0\r\n" + right, b"Content-Length: +%d\r\n" % n,
            b"Content-Length: -%d\r\n" % n, b"Content-Length: 0x%x\r\n" % n, b"Content-Length: %d, %d\r\n" % (n, n), b"Content-Length: %d;\r\n" % n,
            b"Content-Length : %d\r\n" % n, b" Content-Length: %d\r\n" % n, b"X: y\r\n Content-Length: %d\r\n" % n, b"Content-Length:\r\n %d\r\n" % n,
            b"Content-Length: %d\n" % n, b"Content-Length: %d\r" % n, b"Content-Length: %d\0\r\n" % n, b"Content\0-Length: %d\r\n" % n,
            b"Content-Length: %d\r\n" % (n - 1), b"Content-Length: %d\r\n" % (n + 1), b"Content-Length: 18446744073709551616\r\n",
            right + b"Host: y\r\n", right + b"Expect: 200-ok\r\n", right + b": y\r\n", right + b"a b: y\r\n", right + b"\x7f: y\r\n",
            right + b"".join(b"X%d: y\r\n" % i for i in range(65)), right + b"X: " + b"y" * 16384 + b"\r\n"]:
            yield HEAD + framing + b"\r\n" + b
        for line in [b"POST  /bybit HTTP/1.1", b"POST\t/bybit HTTP/1.1", b"POST /bybit HTTP/1.1 ", b"POST /bybit HTTP/1.2", b"POST /bybit HTTP/0.9",
                     b"POST /bybit", b"post /bybit HTTP/1.1", b"POST http://x/bybit HTTP/1.1", b"POST bybit HTTP/1.1", b"POST /bybit#a HTTP/1.1",
                     b"POST /by bit HTTP/1.1", b"\r\nPOST /bybit HTTP/1.1", b" POST /bybit HTTP/1.1", b"GET /bybit HTTP/1.1", b"PUT /bybit HTTP/1.1",
                     b"POST /%62ybit HTTP/1.1", b"POST /./bybit HTTP/1.1", b"POST //bybit HTTP/1.1", b"PRI * HTTP/2.0", b"\0POST /bybit HTTP/1.1"]:
            yield line + b"\r\nHost: x\r\n" + right + b"\r\n" + b
        yield b"POST /bybit HTTP/1.1\r\n" + right + b"\r\n" + b
        yield (HEAD + right + b"\r\n" + b).replace(b"\r\n", b"\n")
        # Two at a time: not even the first is taken.
        yield post(body()) + post(body())
        yield post(body(), b"Connection: keep-alive") + b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"
        for bad in [b"", b"null", b"[]", b + b, b + b" x", b[:-1], b"[" * 1000, b"[" * 60000, b'{"a":' * 1000, b.replace(b":4", b":NaN"),
                    b.replace(b"47500.00", b"{{close}}"), b.replace(b"BTC", b"\0BTC"), b.replace(b"BTC", b"\xff"), b.replace(b"BTC", b"\xc0\xaf"),
                    b.replace(b"BTC", b"\\ud800"), b.replace(b"BTC", b"\n"), b.replace(b'"token"', b'"token":"x","token"'), b.replace(b'"token"', b'"Token"'),
                    body(more=',"action":"sell"'), body(more="".join(',"k%d":1' % i for i in range(5000)) + ',"k1":2'),
                    body(more=',"x":' + "[" * 1000 + "]" * 1000)]:
            yield post(bad)
        yield post(b"{" + b",".join(b'"k%d":1' % i for i in range(5000)) + b"}")
        yield post(body(more=',"x":"' + "y" * 65537 + '"'))[:65536]
        yield HEAD + b"Content-Length: 65537\r\n\r\n"


def mangled():
    """Good requests with a byte changed, left out or put in."""
    while True:
        b = bytearray(post(body(), b"X-Forwarded-For: 192.0.2.1", b"Expect: 100-continue"))
        head = b.index(b"\r\n\r\n") + 4
        for _ in range(chance.randint(1, 3)):
            at, what = chance.randrange(head), chance.randrange(3)
            if what == 0:
                b[at] = chance.randrange(256)
            elif what == 1:
                del b[at:at + chance.randint(1, 9)]
            else:
                b[at:at] = chance.choice([b"\r\n", b"\n", b"\0", b": ", b"Content-Length: 5\r\n", b" ", b"9" * 30])
        # One that came out right after all must not be traded.
        yield bytes(b).replace(os.environ["WEBHOOK_SECRET"].encode(), b"x" * len(os.environ["WEBHOOK_SECRET"]))


def rebinding():
    """What a page in the operator's browser could send to the operator's listener."""
    good = [b"Host: localhost", b"Content-Type: application/json"]
    while True:
        for headers in [
            [b"Host: attacker.example", good[1]], [b"Host: 127.0.0.1.attacker.example", good[1]], [b"Host: localhost.", good[1]],
            [b"Host: attacker.example@localhost", good[1]], [b"Host: [::ffff:127.0.0.1]", good[1]], [b"Host: 0.0.0.0", good[1]], [b"Host:", good[1]],
            good + [b"Origin: http://attacker.example"], good + [b"Origin: null"], good + [b"Origin: http://localhost.attacker.example"],
            good + [b"Host: localhost"], [good[0]], [good[0], b"Content-Type: text/plain"], [good[0], b"Content-Type: application/x-www-form-urlencoded"],
            [good[0], b"Content-Type: multipart/form-data; boundary=application/json"], [good[0], b"Content-Type: text/plain; application/json"]]:
            yield b"POST /api/halt HTTP/1.1\r\n" + b"".join(h + b"\r\n" for h in headers) + b"Content-Length: 2\r\n\r\n{}"


def large():
    """As large as may be, of many keys, with a wrong token; a byte more is refused."""
    while True:
        for size in (65535, 65536):
            keys = body("wrong", "".join(',"k%05d":1' % i for i in range(5900)))
            yield post(keys + b" " * (size - len(keys)))


def hellos():
    """TLS's first message: names that are none, lengths that lie, any bytes."""
    while True:
        name = chance.choice([b"\0" * 300, b"a" * 65000, b"\xff" * 9, b"..", b"x" * 255])[:chance.randint(0, 400)]
        sni = struct.pack(">HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
        hello = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + struct.pack(">H", len(sni)) + sni
        b = bytearray(b"\x16\x03\x01" + struct.pack(">H", len(hello) + 4) + b"\x01" + len(hello).to_bytes(3, "big") + hello)
        for _ in range(chance.randrange(4)):
            b[chance.randrange(len(b))] = chance.randrange(256)
        yield bytes(b)


def always(payload):
    while True:
        yield payload


# What is sent at once, what follows every quarter of a second, and how it goes
# on: read what comes, read nothing, end our side, or reset.
SLOW_HEADER, SLOW_BODY = HEAD + b"X-A: ", HEAD + b"Content-Length: 65536\r\n\r\n{"
KINDS = {
    "silent": (always(b""), b"", "read"),
    "slow-headers": (always(SLOW_HEADER), b"a", "read"),
    "slow-body": (always(SLOW_BODY), b" ", "read"),
    "slow-hello": (always(b"\x16\x03\x01\x02\x00\x01\x00"), b"\0", "read"),
    "unread": (always(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"), b"G", "ignore"),
    "resets": (cuts(), b"", "reset"),
    "cuts": (cuts(), b"", "end"),
    "guesses": (guesses(), b"", "read"),
    "smuggled": (smuggled(), b"", "end"),
    "mangled": (mangled(), b"", "end"),
    "rebinding": (rebinding(), b"", "read"),
    "large": (large(), b"", "read"),
    "hellos": (hellos(), b"", "end"),
}
payloads, drip, how = KINDS[ATTACK]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
watch = selectors.DefaultSelector()
counts = collections.Counter()


class Connection:
    def __init__(self, n):
        self.n, self.out, self.left, self.seen = n, b"", False, b""
        s = socket.socket()
        s.setblocking(False)
        if how == "ignore":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        if how == "reset":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        s.bind(("127.1.%d.%d" % (n % ADDRESSES // 250, n % ADDRESSES % 250 + 1), 0))
        s.connect_ex(("127.0.0.1", PORT))
        self.s, self.shaken = s, not TLS
        self.out = next(payloads)
        watch.register(self.s, selectors.EVENT_WRITE | selectors.EVENT_READ, self)
        counts["connections"] += 1

    def drop(self):
        counts[self.seen[9:12].decode() if self.seen.startswith(b"HTTP/1.1 ") else "no answer"] += 1
        if self.s in watch.get_map():
            watch.unregister(self.s)
        self.s.close()

    def work(self):
        """False once it is over."""
        if not self.shaken:
            if not isinstance(self.s, ssl.SSLSocket):
                watch.unregister(self.s)
                self.s = context.wrap_socket(self.s, do_handshake_on_connect=False)
                watch.register(self.s, selectors.EVENT_WRITE | selectors.EVENT_READ, self)
            self.s.do_handshake()
            self.shaken = True
        while self.out:
            self.out = self.out[self.s.send(self.out):]
        if not self.left:
            self.left = True
            if how == "reset":
                return False
            if how == "end" and not TLS:
                self.s.shutdown(socket.SHUT_WR)
            watch.unregister(self.s)
            if how != "ignore":
                watch.register(self.s, selectors.EVENT_READ, self)
        if how == "ignore":
            return True
        more = self.s.recv(4096)
        if more.startswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
            more = more[25:]
        self.seen = (self.seen + more)[:64]
        return more != b""

    def turn(self):
        try:
            return self.work()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return True
        except (OSError, ssl.SSLError):
            return False


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
held = [Connection(n) for n in range(COUNT)]
print("connected", flush=True)
end = time.monotonic() + SECONDS
next_drip = 0
while time.monotonic() < end:
    for key, _ in watch.select(0.05):
        c = key.data
        if not c.turn():
            c.drop()
            held[c.n] = Connection(c.n)
    if drip and time.monotonic() >= next_drip:
        next_drip = time.monotonic() + 0.25
        for c in held:
            if c.left:
                c.out += drip
                if not c.turn():
                    c.drop()
                    held[c.n] = Connection(c.n)
for c in held:
    c.s.close()
print(", ".join("%s %d" % c for c in sorted(counts.items())))
