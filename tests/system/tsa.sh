# shellcheck shell=bash disable=SC2154
# tsa.sh: a time-stamping authority with openssl ts, behind web.py. Source it
# after lib.sh.

# tsa_make FOLDER [EKU]: FOLDER/tsa for web.py, and its CA in FOLDER/tsa-ca.pem
tsa_make() {
	local dir=$1/tsa eku=${2:-critical,timeStamping}
	mkdir -p "$dir"
	cat >"$dir/tsa.cnf" <<END
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
certs = ca.pem
default_policy = 1.3.6.1.4.1.32473.1.2
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ca]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical,keyCertSign,cRLSign
[leaf]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = critical,digitalSignature
extendedKeyUsage = $eku
[req]
distinguished_name = name
[name]
END
	echo 1000 >"$dir/serial"
	(
		cd "$dir" || exit
		openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key \
		    -out ca.pem -days 20000 -subj "/CN=Stamp CA" \
		    -config tsa.cnf -extensions ca
		openssl req -newkey rsa:2048 -nodes -keyout tsa.key \
		    -out tsa.csr -subj "/CN=Stamp Authority" -config tsa.cnf
		openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key \
		    -set_serial 77 -days 19000 -extfile tsa.cnf \
		    -extensions leaf -out tsa.pem
	) >"$dir/log" 2>&1 || diag "$dir/log"
	cp "$dir/ca.pem" "$1/tsa-ca.pem"
}

# web_start FOLDER: web.py; its address in $web
web_start() {
	unset http_proxy https_proxy all_proxy
	unset HTTP_PROXY HTTPS_PROXY ALL_PROXY
	rm -f "$tmp/port"
	start_background python3 "$CS_SRCDIR/tests/system/web.py" \
	    "$tmp/port" "$1"
	wait_until 30 test -e "$tmp/port" || {
		echo "Bail out! no web server"
		exit 99
	}
	# shellcheck disable=SC2034
	web=http://127.0.0.1:$(cat "$tmp/port")
}
