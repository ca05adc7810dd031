# When trader could not protect: {"from":ms,"to":ms}, merged and sorted.  It was
# killed or told to end, until a second after it was ready again; it was stopped;
# the exchange was told to fail where positions are read and stops set, for 3
# seconds after that.
def ms: (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);

($ready | split("\n") | map(select(length > 0) | ms)) as $ready
| ($did | map(.t) | max) as $last
| [$did[] | . as $d
    | if .stage == "trader" and (.did | test("^kill|^restart")) then
	{from: .t, to: (([$ready[] | select(. > $d.t)] | min // ($d.t + 5000)) + 1000)}
      elif .stage == "trader" and .did == "stop" then
	{from: .t, to: (([$did[] | select(.stage == "trader" and .did == "continue" and .t > $d.t).t] | min // $last) + 500)}
      elif (.did | test("^fault .*(/v5/position/(list|trading-stop)|\"/v5\"|position_ms\":[1-9])|^fault ..(reset|drip)")) then {from: .t, to: (.t + 3000)}
      else empty end]
| sort_by(.from)
| reduce .[] as $p ([]; if length > 0 and .[-1].to >= $p.from then .[-1].to = ([.[-1].to, $p.to] | max) else . + [$p] end)
| .[]
