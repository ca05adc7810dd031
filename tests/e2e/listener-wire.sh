#!/bin/sh
# webhookd's listener over the wire, with clients that do not play along: idle
# and slow ones (F36), too many (F37), half a request (F38), a proxy in front
# (F09, F39), no descriptors left (F41, F104); and what a long run leaves.
# unit/test-server has the cases one by one.
. "$(dirname "$0")/../lib.sh"
requires python3 curl

# listen NAME [OPTION...]: the listener on a free port; sets $port.
listen() {
	listen_name=$1
	shift
	spawn "$listen_name" env WEBHOOK_LISTEN=127.0.0.1:0 "$B/listener" "$@"
	wait_for 10 has "$T/$listen_name.out" listening
	port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$T/$listen_name.out")
}
alert() {
	curl -fsS -m 10 -d hello "http://127.0.0.1:$port/bybit"
}
descriptors() {
	ls "/proc/$(pid_of "$1")/fd" | wc -l
}
has_descriptors() {
	[ "$(descriptors "$1")" -eq "$2" ]
}
# Of the process, in ticks of 10 ms.
cpu() {
	read -r user system <<-END
		$(sed 's/.*) //' "/proc/$(pid_of "$1")/stat" | cut -d ' ' -f 12,13)
	END
	echo $((user + system))
}
memory() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pid_of "$1")/status"
}
cat >idle.py <<'END'
# idle.py PORT COUNT [PATH]: sockets that say nothing, or a byte now and then; or
# a request for PATH, and nothing else.  It stays until it is killed.
import socket, sys, time
port, count = int(sys.argv[1]), int(sys.argv[2])
first = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % sys.argv[3].encode() if len(sys.argv) > 3 else b""
held = []
for i in range(count):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(first)
    s.setblocking(False)
    held.append(s)
print("connected", flush=True)
while True:
    for i, s in enumerate(held):
        if i % 2 and not first:
            try:
                s.send(b"P")
            except OSError:
                pass
        try:
            if b" 503 " in s.recv(4096):
                print("turned away", flush=True)
        except OSError:
            pass
    time.sleep(0.1)
END

# F36: 200 idle and dripping sockets, of one address, with the caps of webhookd;
# a good alert is answered at once, for the oldest give way to it.
listen capped
before=$(descriptors capped)
spawn crowd python3 idle.py "$port" 200
wait_for 10 has crowd.out connected
took=$(curl -fsS -m 3 -o answer -w '%{time_total}' -d hello "http://127.0.0.1:$port/bybit") || fail "no answer beside 200 idle sockets"
case $took in 0.*) ;; *) fail "the answer took $took s" ;; esac
[ "$(descriptors capped)" -lt $((before + 16 + 64 + 4)) ] || fail "the caps do not hold: $(descriptors capped)"
kill9 crowd
stop capped
# With room for them all they are gone when their time is over, whatever they
# drip.
listen idle -d 2500 -p 250
before=$(descriptors idle)
spawn crowd python3 idle.py "$port" 200
wait_for 10 has crowd.out connected
[ "$(descriptors idle)" -ge $((before + 200)) ] || fail "the crowd is not there"
took=$(curl -sS -m 3 -o answer -w '%{time_total}' -d hello "http://127.0.0.1:$port/bybit") || fail "no answer beside 200 idle sockets"
case $took in 0.*) ;; *) fail "the answer took $took s" ;; esac
wait_for 5 has_descriptors idle "$before"
kill9 crowd
[ "$(grep -c '"type":"request"' idle.out)" -eq 1 ] || fail "an idle socket became a request"
stop idle

# F37: more connections than there may be, which wait for their answers: the
# others are told so, and memory does not follow.
listen few -c 20 -p 100 -w 4000
before=$(memory few)
spawn crowd python3 idle.py "$port" 120 /never
wait_for 10 has crowd.out connected
[ "$(curl -sS -m 3 -o answer -w '%{http_code}' -d hello "http://127.0.0.1:$port/bybit")" = 503 ] || fail "over the cap: $(cat answer)"
[ "$(descriptors few)" -lt 110 ] || fail "the cap does not hold: $(descriptors few)"
[ "$(grep -c '"type":"request"' few.out)" -eq 20 ] || fail "more than 20 came through"
kill9 crowd
wait_for 10 alert
# A client of 20 MB reads why it is refused.
head -c 20000000 /dev/zero >large
[ "$(curl -sS -m 10 -o answer -w '%{http_code}' -H Expect: --data-binary @large "http://127.0.0.1:$port/bybit")" = 413 ] || fail "20 MB: $(cat answer)"
[ $(($(memory few) - before)) -lt 8192 ] || case $B in *asan*) ;; *) fail "memory grew to $(memory few) KiB" ;; esac
stop few

# F41: descriptors run out.  No hot loop, one line, and it ends by itself.
cat >starved <<END
#!/bin/sh
ulimit -n 32
exec "$B/listener" -d 2000
END
chmod +x starved
spawn starved env WEBHOOK_LISTEN=127.0.0.1:0 ./starved
wait_for 10 has starved.out listening
port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' starved.out)
spawn crowd python3 idle.py "$port" 100
wait_for 10 has starved.log 'unable to accept'
wait_for 10 has crowd.out 'turned away'
ticks=$(cpu starved)
sleep 1
[ $(($(cpu starved) - ticks)) -lt 30 ] || fail "it is busy with nothing to accept with"
kill9 crowd
wait_for 10 alert
has starved.log 'unable to accept' 2 && fail "it says so more than once"
has starved.log 'unable to accept.*starved=1' || fail "it does not know that it is starved"
stop starved

# F09, F39: behind a proxy that adds its header, a forger changes nothing.
spawn proxied env WEBHOOK_LISTEN=127.0.0.1:0 WEBHOOK_TRUST_PROXY=127.0.0.0/8 \
    WEBHOOK_ALLOW=tradingview "$B/listener"
wait_for 10 has proxied.out listening
port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' proxied.out)
ask() {
	expect=$1
	shift
	status=$(curl -sS -m 5 -o answer -w '%{http_code}' -d hello "$@" "http://127.0.0.1:$port/bybit")
	[ "$status" = "$expect" ] || fail "$*: $status, not $expect"
}
ask 200 -H 'X-Forwarded-For: 52.32.178.7'
ask 403 -H 'X-Forwarded-For: 52.32.178.7, 203.0.113.1'
ask 403 -H 'X-Forwarded-For: 52.32.178.7' -H 'X-Forwarded-For: 203.0.113.1'
ask 403 -H 'X-Forwarded-For: 52.32.178.7, nobody'
ask 403
ask 400 -H 'X-Forwarded-For: 52.32.178.7' -H 'Transfer-Encoding: chunked'
ask 400 -H 'X-Forwarded-For: 52.32.178.7' -H 'Content-Length: 5' -H 'Content-Length: 50'
[ "$(grep -c '"address":"52.32.178.7"' proxied.out)" -eq 1 ] || fail "$(cat proxied.out)"
stop proxied
spawn direct env WEBHOOK_LISTEN=127.0.0.1:0 WEBHOOK_ALLOW=tradingview "$B/listener"
wait_for 10 has direct.out listening
port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' direct.out)
ask 403 -H 'X-Forwarded-For: 52.32.178.7'
stop direct

# F104: thousands of requests, of all fates, leave neither descriptors nor
# memory behind.
cat >many.py <<'END'
import socket, struct, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
whole = b"POST /bybit HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
for i in range(count):
    s = socket.create_connection(("127.0.0.1", port))
    if i % 4 == 1:
        s.sendall(whole[:i % len(whole)])
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif i % 4 == 2:
        s.sendall(whole.replace(b"Content-Length", b"Transfer-Encoding"))
        assert s.recv(12) == b"HTTP/1.1 400"
    else:
        s.sendall(whole)
        if i % 8 == 3:
            s.shutdown(socket.SHUT_WR)
        assert s.recv(12) == b"HTTP/1.1 200"
    s.close()
END
listen soak
before=$(descriptors soak)
python3 many.py "$port" 500
wait_for 5 has_descriptors soak "$before"
grown=$(memory soak)
python3 many.py "$port" "${SOAK:-6000}"
wait_for 5 has_descriptors soak "$before"
case $B in
*asan*) ;; # keeps what was freed for a while
*) [ $(($(memory soak) - grown)) -lt 512 ] || fail "memory grew from $grown to $(memory soak) KiB" ;;
esac

# F40: what no client would send, from good requests on: it lives, and answers
# each with a status or not at all.
cat >mangled.py <<'END'
import random, socket, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
seeds = [b"POST /bybit?a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
         b"GET /status HTTP/1.0\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n\r\n"]
words = [b"\r\n", b"\n", b"\0", b": ", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b" ", b"HTTP/1.1", b"9" * 30]
r = random.Random(1)
for i in range(count):
    b = bytearray(r.choice(seeds))
    for j in range(r.randint(1, 4)):
        at = r.randrange(len(b))
        what = r.randrange(3)
        if what == 0:
            b[at] = r.randrange(256)
        elif what == 1:
            del b[at:at + r.randint(1, 9)]
        else:
            b[at:at] = r.choice(words)
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b)
    s.shutdown(socket.SHUT_WR)
    got = b""
    while True:
        more = s.recv(4096)
        if not more:
            break
        got += more
    s.close()
    got = got.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert got == b"" or got[:12] in (b"HTTP/1.1 " + n for n in (b"200", b"400", b"405", b"413")), (bytes(b), got)
END
python3 mangled.py "$port" 1500 || fail "a mangled request"
wait_for 5 alert
stop soak
