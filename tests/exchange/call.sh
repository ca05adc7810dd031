# tests/exchange/call.sh - signed calls of the stand-in, by curl and openssl.
# Sourced after tests/lib.sh; $URL is set by its exchange().

KEY=test_api_key SECRET=test_secret WINDOW=5000

now_ms() {
	date +%s%3N
}

# sign TIMESTAMP PAYLOAD
sign() {
	printf '%s' "$1$KEY$WINDOW$2" | openssl dgst -sha256 -hmac "$SECRET" -r |
	    cut -d ' ' -f 1
}

# get PATH [QUERY [CURL OPTION...]]: the body of a signed GET; the headers are
# in $T/headers.
get() {
	get_path=$1 get_query=${2:-} get_at=${AT:-$(now_ms)}
	[ $# -lt 2 ] || shift
	shift
	curl -sS -m 10 -D "$T/headers" -H "X-BAPI-API-KEY: $KEY" \
	    -H "X-BAPI-TIMESTAMP: $get_at" -H "X-BAPI-RECV-WINDOW: $WINDOW" \
	    -H "X-BAPI-SIGN: $(sign "$get_at" "$get_query")" "$@" \
	    "$URL$get_path${get_query:+?$get_query}"
}

# post PATH BODY [CURL OPTION...]: the same of a POST.
post() {
	post_path=$1 post_body=$2 post_at=${AT:-$(now_ms)}
	shift 2
	curl -sS -m 10 -D "$T/headers" -H "X-BAPI-API-KEY: $KEY" \
	    -H "X-BAPI-TIMESTAMP: $post_at" -H "X-BAPI-RECV-WINDOW: $WINDOW" \
	    -H "X-BAPI-SIGN: $(sign "$post_at" "$post_body")" \
	    -H 'Content-Type: application/json' "$@" -d "$post_body" \
	    "$URL$post_path"
}

# answers WHAT CODE BODY: the retCode of a reply.
answers() {
	is "$1" "$2" "$(printf '%s' "$3" | jq -r .retCode)"
}

# header NAME: of the last reply, its value.
header() {
	sed -n "s/^$1: \(.*\)\r\$/\1/p" "$T/headers"
}

# order SYMBOL SIDE QTY [MORE]: a linear market order; MORE: further members.
order() {
	post /v5/order/create "{\"category\":\"${CATEGORY:-linear}\",\"symbol\":\"$1\",\"side\":\"$2\",\"orderType\":\"Market\",\"qty\":\"$3\"${4:+,$4}}"
}

# done_order: as order, and it must have been accepted.
done_order() {
	answers "order $*" 0 "$(order "$@")"
}

# position SYMBOL [IDX] FILTER: of its row, by jq.
position() {
	get /v5/position/list "category=${CATEGORY:-linear}&symbol=$1" |
	    jq -r ".result.list[] | select(.positionIdx == $2) | $3"
}
