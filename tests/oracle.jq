# The invariants of tests/oracle, one function each: the violations, as texts.

def ms: (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
def by(f): reduce .[] as $x ({}; .[$x | f] = $x);
def leg: "\(.symbol)/\(.positionIdx)";

# What was asked of order/create, and what came of it.
def creates: $journal | map(select(.path == "/v5/order/create" and .method == "POST")
    | . as $r | (.body | fromjson? // {}) + {booked: ($r.booked // false)}
    | .link = (.orderLinkId // "") | .alert = .link[0:32]
    | .ours = (.link | test("^[0-9a-f]{32}-[012][a-z]*$"))
    | .opens = (.reduceOnly != true));

def i1($creates):
    ($creates | map(select(.booked)) | group_by(.link)[] | select(length > 1)
	| "I1: \(.[0].link) was booked \(length) times"),
    ($creates | map(select(.booked and .ours and .opens)) | group_by(.alert)[] | select(length > 1)
	| "I1: alert \(.[0].alert) opened by \(length) orders: \(map(.link) | join(" "))");

def i2($creates; $decision; $alert):
    ($clients | map(select(.status >= 200 and .status < 300)) | group_by(.id)[]
	| .[0].id as $id | map(.answer.orderId // empty) as $named
	| (select($decision[$id] == null and $alert[$id].state != "expired")
	    | "I2: alert \($id) was answered \(.[0].status), and nothing is on record"),
	  (select($decision[$id].type == "order")
	    | ($orders | map(select(.id == $id))) as $rows
	    | (select($rows | length == 0) | "I2: alert \($id) was approved and has no order"),
	      ($rows[] | select(.state == "sent") | "I2: order \(.order_link_id) is unresolved"),
	      (($named - ($rows | map(.order_id // empty)))[]
		| "I2: alert \($id) was answered with order \(.), which is not on record")),
	  (select($named | unique | length > 1) | "I2: alert \($id) got several orders for an answer")),
    # Refused at the door is not traded.
    ($clients | group_by(.id)[] | select(all(.status >= 400 and .status < 500 and .status != 422))
	| .[0].id as $id | select($id != null) | $creates[] | select(.alert == $id)
	| "I2: alert \($id) was refused, and has the order \(.link)");

# How long from one moment to another, without what is not counted.
def counted($from; $to): $to - $from - ([$pauses[] | ([.to, $to] | min) - ([.from, $from] | max) | select(. > 0)] | add // 0);

def i3($creates):
    ($creates | map(select(.ours and .opens)) | by(.link)) as $openers
    | ($journal | map(.time | ms) | max) as $last
    | reduce ($journal[] | select(.type)) as $l ({mine: {}, since: {}, bad: []};
	($l | leg) as $k | ($l.time | ms) as $t
	| if $l.type == "fill" then
	    if $openers[$l.orderLinkId] then .mine[$k] = true else . end
	  else
	    (if .since[$k] and counted(.since[$k]; $t) > $bound then
		.bad += ["I3: \($k) stood without a stop loss for \(counted(.since[$k]; $t)) ms until \($l.time)"] else . end)
	    | if $l.side == "" then del(.mine[$k], .since[$k])
	      elif $l.stopLoss != "0" then del(.since[$k])
	      elif .mine[$k] then .since[$k] //= $t
	      else . end
	  end)
    | .bad[], (.since | to_entries[] | counted(.value; $last) as $ms | select($ms > $bound)
	| "I3: \(.key) stands without a stop loss for \($ms) ms");

def i4($creates; $decision; $alert):
    ($creates[] | select(.ours | not) | select(.link | test($foreign) | not)
	| "I4: order/create with the link id \(.link | tojson), which is nobody's"),
    (select($state) | $creates[] | select(.ours) | $decision[.alert] as $d
	| if $d == null or $d.type != "order" then "I4: order \(.link) without a decision"
	  elif ($alert | length > 0) and $alert[.alert] == null then "I4: order \(.link) without an alert"
	  elif .symbol != $d.symbol then "I4: order \(.link) is of \(.symbol), not of \($d.symbol)"
	  elif .opens and ($d.action == "close" or $d.test == true or .side != $d.side or .qty != $d.qty or .stopLoss != $d.stop_loss)
	  then "I4: order \(.link) is not its decision: \(.side) \(.qty) \(.stopLoss), not \($d.side) \($d.qty) \($d.stop_loss)"
	  else empty end);

# How often each leg opened and closed.
def trades: reduce ($journal[] | select(.type == "position")) as $l ({side: {}, opened: {}, closed: {}};
	($l | leg) as $k | (.side[$k] // "") as $was
	| if $was != "" and $was != $l.side then .closed[$k] += 1 else . end
	| if $l.side != "" and $was != $l.side then .opened[$k] += 1 else . end
	| .side[$k] = $l.side);

def i5: select($told == 1) | trades as $t
    | ($events | map(select(.test != true)) | reduce .[] as $e ({opened: {}, closed: {}};
	"\($e.symbol)/\($e.position_idx)" as $k
	| if $e.action == "OPEN" then .opened[$k] += 1 elif $e.action == "CLOSE" then .closed[$k] += 1 else . end)) as $e
    | (($t.opened + $e.opened) | keys[]) as $k
    | (select($t.opened[$k] != $e.opened[$k])
	| "I5: \($k) opened \($t.opened[$k] // 0) times, and \($e.opened[$k] // 0) were told"),
      (select($t.closed[$k] != $e.closed[$k])
	| "I5: \($k) closed \($t.closed[$k] // 0) times, and \($e.closed[$k] // 0) were told");

creates as $creates | ($decisions | by(.id)) as $decision | ($alerts | by(.id)) as $alert
| i1($creates), (select($state) | i2($creates; $decision; $alert)), i3($creates),
  i4($creates; $decision; $alert), i5
