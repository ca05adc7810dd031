# tests/tls.sh - certificates, as NAME.pem with their keys in NAME.key.  Sourced
# after tests/lib.sh.  ALTERNATIVE is an alternative name: IP:127.0.0.1.

requires openssl

quietly() {
	"$@" >openssl.log 2>&1 || fail "$*"
}
# self_signed NAME ALTERNATIVE [OPTION...]
self_signed() {
	tls_name=$1 tls_alternative=$2
	shift 2
	quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	    -subj "/CN=$tls_name" -addext "subjectAltName=$tls_alternative" \
	    -keyout "$tls_name.key" -out "$tls_name.pem" "$@"
}
# authority NAME
authority() {
	quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	    -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE -keyout "$1.key" -out "$1.pem"
}
# certificate NAME AUTHORITY ALTERNATIVE [OPTION...]: for 30 days, unless an
# option says otherwise.
certificate() {
	tls_name=$1 tls_by=$2
	printf 'subjectAltName=%s\n' "$3" >"$tls_name.ext"
	shift 3
	quietly openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$tls_name.key" -out "$tls_name.csr" -subj "/CN=$tls_name"
	quietly openssl x509 -req -days 30 -in "$tls_name.csr" -CA "$tls_by.pem" -CAkey "$tls_by.key" \
	    -CAcreateserial -out "$tls_name.pem" -extfile "$tls_name.ext" "$@"
}
