# Sluice's programs in somebody else's rounds: a driver of benchmarks that
# defines speed() and record(), $work and $bin, may read this file in.
ours_parse_begin() {
	"$bin/gensnap" -l -n 5000 -m 20 >"$work/lines"
}
ours_parse() {
	rm -rf "$work/sluice"
	speed differ "$(stat -c %s "$work/lines")" differ -d "$work/sluice" <"$work/lines"
}
ours_ratios() {
	echo 'differ, stored / cJSON with eight fields|differ.speed|cjson_arena_fields.speed'
	echo 'differ, stored / jq|differ.speed|jq.speed'
	echo 'differ, stored / Node, stored|differ.speed|node_diff_stored.speed'
}
