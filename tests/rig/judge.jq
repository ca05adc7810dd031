# tests/rig/judge says what is judged here.  Violations, as texts; "= NAME N"
# are figures.

def ms: (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);

# What somebody took, in order, the reply lost or not: key is what makes a
# repeat recognisable.
def taken(f): [$journal[] | select(.delivered == true) | select(f)
    | {t: (.time | ms), lost: (.status != 200 or .fault != null), chat_id, path, text}];

# A list without its repeats, and the repeats, each with what it repeats.
def collapse: reduce .[] as $m ({once: [], repeats: []};
    if (.once | length) > 0 and .once[-1].text == $m.text then .repeats += [{first: .once[-1], again: $m}] | .once[-1] = ($m + {of: .once[-1].of})
    else .once += [$m + {of: $m.t}] end);

def stops: [$did[] | select(.stage == "notifier" and .did == "stop")] | map(. as $s
    | {from: .t, to: ([$did[] | select(.stage == "notifier" and .did == "continue" and .t > $s.t).t] | min // 0)});
# Its reply was lost; or notifier was killed within a second of it, not counting
# when it stood still, or just before, with the request on its way.
def permitted($stops): .first as $f | .again as $a | $f.lost
    or any($did[] | select(.stage == "notifier" and (.did | test("^kill")));
	. as $k | $k.t >= $f.t - 500 and $k.t <= $a.t
	and $k.t - $f.t - ([$stops[] | select(.from <= $k.t and (.to == 0 or .to >= $f.t - 1000))
	    | ([.to, $k.t] | map(select(. > 0)) | min) - ([.from, $f.t] | max)] | map(select(. > 0)) | add // 0) <= 1000);

# The events, as the hook had them.
def wire: taken(.path == "/hook/wire") | map(. + {e: (.text | fromjson)});

def order_of_events($once): $once | to_entries[] | select(.value.e.seq != .key + 1)
    | "I5: the event in place \(.key + 1) is number \(.value.e.seq), \(.value.e.action) of trade \(.value.e.signal_number)";

# Trades as the exchange had them, by leg: side, sizes, what each order closed.
def number: tonumber;
def exchange_trades: reduce ($journal[] | select(.type == "position")) as $l ({open: {}, legs: {}};
    "\($l.symbol)/\($l.positionIdx)" as $k | ($l.time | ms) as $t | ($l.size | number) as $size
    | if .open[$k] and .open[$k].side != $l.side then
	.legs[$k] += [.open[$k] | .parts += [.sizes[-1]] | . + {closed: $t}] | del(.open[$k]) else . end
    | if $l.side == "" then .
      elif .open[$k] == null then .open[$k] = {side: $l.side, sizes: [$size], parts: [], opened: $t}
      elif .open[$k].sizes[-1] == $size then .
      else (if $size < .open[$k].sizes[-1] then .open[$k].parts += [.open[$k].sizes[-1] - $size] else . end)
	| .open[$k].sizes += [$size] end)
    | .legs as $legs | reduce (.open | to_entries[]) as $o ($legs; .[$o.key] += [$o.value]);

# And as they were told.  unseen: OPEN and CLOSE in one breath, of a trade that
# was over before it was looked at; told after the others of its moment.
def told_trades($events): reduce ($events[] | select(.test != true)) as $e ({};
    "\($e.symbol)/\($e.position_idx)" as $k | "\($e.signal_number)" as $n
    | .[$k][$n] |= ((. // {number: $e.signal_number, side: (if $e.signal_type == "buy" then "Buy" else "Sell" end), sizes: [], events: []})
	| .events += [$e]
	| if $e.action != "CLOSE" then .sizes += [$e.position_size | number] else . + {closed: ($e.time | ms)} end))
    | map_values([.[] | . + {opened: (.events[0].time | ms)}
	| . + {unseen: ((.events | length) == 2 and .closed == .opened and .events[1].seq == .events[0].seq + 1)}]
	| sort_by(.number));

# Inside a trade: each event begins where the one before ended.
def chain: . as $t | .events as $e
    | (select($e[0].action != "OPEN") | "begins with \($e[0].action)"),
      (range(1; $e | length) as $i | select($e[$i].action == "OPEN" or $e[$i - 1].action == "CLOSE")
	| "has \($e[$i].action) after \($e[$i - 1].action)"),
      (range($e | length) as $i | (if $i == 0 then "0" else $e[$i - 1].position_size end) as $was
	| select(($was | number) != ($e[$i].old_position_size | number))
	| "\($e[$i].action) number \($e[$i].seq) is from \($e[$i].old_position_size), not from \($was)"),
      (range($e | length) as $i | select(($e[$i].action == "CLOSE") != (($e[$i].position_size | number) == 0))
	| "\($e[$i].action) ends at \($e[$i].position_size)");

def subsequence($of): . as $s | reduce $of[] as $x (0; if . < ($s | length) and $s[.] == $x then . + 1 else . end) == ($s | length);

# One told trade is the very one that the exchange had.  Its OPEN bears the time
# of the list; a row that was asked for by its symbol, as the list lacked it, can
# be later by as long as plan lets a list wait.
def fits($x): .side == $x.side and (.sizes | subsequence($x.sizes))
    and ((.closed == null) == ($x.closed == null))
    and ($x.closed != null or .sizes[-1] == $x.sizes[-1])
    and .opened >= $x.opened - 1000;

# Each trade of the exchange was seen, or told afterwards by each of the orders
# that closed it, or by all that these closed, in one with those on the same side
# right after it, whose records look like its own (differ(8)); true where that accounts for all that was
# told.  A trade that was seen, and waited for the record of the one before, may
# look like one of those; and one that had grown since it was seen may have been
# closed by those of the next.
def accounts($x; $seen; $unseen):
    if ($x | length) == 0 then ($seen | length) == 0 and ($unseen | length) == 0
    else $x[0] as $first | ($first.parts | length) as $n
    | (($seen | length) > 0 and ($seen[0] | fits($first)) and accounts($x[1:]; $seen[1:]; $unseen))
	or (($seen | length) > 0 and ($seen[0] | fits($first) and .closed != null and .sizes[-1] < $first.sizes[-1])
	    and any(range(2; ($x | length) + 1) as $k | $x[0:$k]
		| select(all(.[]; .closed != null and .side == $first.side)) | $k;
		. as $k | accounts($x[$k:]; $seen[1:]; $unseen)))
	or any(range($unseen | length) as $i | $unseen[$i] | select(fits($first)) | $i;
	    . as $i | accounts($x[1:]; $seen; $unseen[0:$i] + $unseen[$i + 1:]))
	or ($first.closed != null and any(range([($unseen | length) - $n + 1, 0] | max); . as $i
	    | all($unseen[$i:$i + $n][]; .side == $first.side)
	    and ($unseen[$i:$i + $n] | map(.sizes[0])) == $first.parts
	    and accounts($x[1:]; $seen; $unseen[0:$i] + $unseen[$i + $n:])))
	or any(range(1; ($x | length) + 1) as $k | $x[0:$k]
	    | select(all(.[]; .closed != null and .side == $first.side)) | (map(.parts[]) | add) as $sum
	    | range($unseen | length) as $i | select($unseen[$i] | .side == $first.side and .sizes == [$sum]) | [$k, $i];
	    . as [$k, $i] | accounts($x[$k:]; $seen; $unseen[0:$i] + $unseen[$i + 1:]))
    end;

def trades($events): exchange_trades as $x | told_trades($events) as $t
    | (($x + $t) | keys[]) as $k
    | (($t[$k] // [])[] | . as $trade | chain | "I5: trade \($trade.number) of \($k) \(.)"),
      (select(accounts($x[$k] // []; $t[$k] // [] | map(select(.unseen | not)); $t[$k] // [] | map(select(.unseen))) | not)
	| "I5: \($k) was \(($x[$k] // []) | map("\(.side)\(.sizes | map(tostring) | join(","))\(if .closed then "." else "" end)") | join(" "))"
	+ " and was told \(($t[$k] // []) | map("\(.number):\(.side)\(.sizes | map(tostring) | join(","))\(if .closed then "." else "" end)\(if .unseen then "!" else "" end)") | join(" "))");

# What a text tells of: its sign, and the trade's number.
def kind: {"OPEN": "🔔", "INCREASE": "🔼", "PARTIAL_CLOSE": "🔄", "CLOSE": "🔚"};
def tells: [((.text | capture("(?<a>🔔|🔼|🔄|🔚)").a) // "?"), (((.text | capture("[#№]0*(?<n>[0-9]+)").n) // "0") | tonumber)] | "\(.[0])\(.[1])";

def due($who; $events):
    [$events[] | select(.action == "OPEN" and .test != true).signal_number][0:($who.n // 1000000)] as $paid
    | [$events[] | . as $e | select(if .test == true then $who.tester == true else $paid | index([$e.signal_number]) != null end)
	| "\(kind[.action])\(.signal_number)"];

def messages($who; $once; $events): ($once | map(tells)) as $got
    | if $who.gets == "some" then
	((reduce ($events[] | "\(kind[.action])\(.signal_number)") as $x (0; if . < ($got | length) and $got[.] == $x then . + 1 else . end)) as $n
	| select($n < ($got | length)) | "M: \($who.id) got \($got[$n]) out of turn, or more than once"),
	(range($got | length) as $i | $got[$i] | select(.[0:1] != "🔔") | .[1:] as $n
	| select($got[0:$i] | index(["🔔" + $n]) == null) | "M: \($who.id) got \($got[$i]) without the OPEN")
      else due($who; $events) as $due | select($got != $due)
	| ([range([($got | length), ($due | length)] | max) | select($got[.] != $due[.])][0]) as $i
	| "M: \($who.id) got \($got[$i] // "nothing") in place \($i + 1), not \($due[$i] // "nothing"): \($got | length) of \($due | length)"
      end;

# An OPEN that came just before a kill, and was refused when it was sent again,
# is paid back.
def balances($who; $once; $tests; $stops): [$export[] | select(.id == $who.id)][0] as $is
    | [$ledger[] | select(.subscriber == $who.id)] as $rows
    | [$rows[] | select(.why == "undelivered").signal_number | tostring] as $back
    | ([$once[] | select((tells | .[0:1] == "🔔" and (.[1:] | IN($back[]))) and ({first: ., again: {t: (.t + 60000)}} | permitted($stops)))] | length) as $refused
    | ([$once[] | tells | select(.[0:1] == "🔔" and (.[1:] | IN($tests[]) | not))] | length - $refused) as $opens
    | ([$rows[] | select(.why != "open" and .why != "undelivered") | .change] | add // 0) as $credits
    | (select($is.balance != $credits - $opens) | "B: \($who.id) has \($is.balance), after \($credits) and \($opens) trades that came"),
      (select($is.balance < 0) | "B: \($who.id) has \($is.balance)"),
      (select(([$rows[].change] | add // 0) != $is.balance) | "B: the ledger of \($who.id) does not add up to \($is.balance)");

def creates: $journal[] | select(.path == "/v5/order/create" and .method == "POST")
    | {orderId, booked, link: ((.body | fromjson? // {}).orderLinkId // "")} | .alert = .link[0:32];
def alerts: creates | (select(.alert | IN($never[0][])) | "I4: order \(.link) is of an alert that was stale, or not ours"),
    (select(($posted[0] | length) > 0 and (.alert | IN($posted[0][]) | not)) | "I4: order \(.link) is of an alert that nobody sent");

# The orders that a client was told of are those of its alert.
def answers: (reduce (creates | select(.booked)) as $c ({}; .[$c.orderId] = $c.alert)) as $of
    | $clients[] | .id as $id | (.answer.orderId // empty), (.answer.orderIds // [])[] | select($of[.] != $id)
    | "I2: alert \($id) was answered with order \(.), which was not booked for it";

wire as $wire | ($wire | sort_by(.t) | collapse) as $w | ($w.once | map(.e)) as $events | stops as $stops
| ([$events[] | select(.test == true and .action == "OPEN").signal_number | tostring]) as $tests
| alerts, answers,
  order_of_events($w.once),
  ($w.repeats[] | select(permitted($stops) | not) | "M: event \(.again.e.seq) came to the hook again, \(.again.t - .first.t) ms later"),
  trades($events),
  ($roster | map(.at[]) + ["900"]) as $known
  | ([$journal[] | select(.delivered == true and .chat_id != null and (.chat_id | tostring | IN($known[]) | not)).chat_id] | unique[]
    | "M: somebody unknown got a message: \(.)"),
  ([$roster[] | . as $who
    | (if $who.at[0] == "/hook/wire" then $w.once else taken(.chat_id | tostring | IN($who.at[])) end) as $all
    | if $who.at[0] == "/hook/wire" then
	{r: 0, v: [balances($who; $w.once | map(. + {text: "\(kind[.e.action])#\(.e.signal_number)"}); $tests; $stops)]}
      else ($all | collapse) as $c
	| {r: ($c.repeats | length),
	   v: ([$c.repeats[] | select(permitted($stops) | not) | "M: \($who.id) got \(.again | tells) again, \(.again.t - .first.t) ms later"]
	    + [messages($who; $c.once; $events)] + [balances($who; $c.once; $tests; $stops)])} end]
    | (.[].v[]), "= repeats \((map(.r) | add // 0) + ($w.repeats | length))"),
  "= events \($events | length)"
