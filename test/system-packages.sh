#!/bin/sh
# Installs the Debian packages that the end-to-end tests, the conformance run and the bench use. Quiet and quick when
# everything is there; says one line and fails when something is missing that it cannot install. The services that
# come with some packages are not started. With --check it installs nothing and only says what is missing.
set -eu

packages="apache2 bind9 bind9-dnsutils bind9-utils caddy chromium curl docker-registry faketime fish git haproxy iproute2 iptables knot
knot-dnsutils libnss3-tools nghttp2-client nghttp2-server nginx-light openssl php-cli pdns-backend-sqlite3 pdns-server
postgresql procps prometheus python3-venv skopeo slowhttptest testssl.sh tmux varnish wget wrk zsh"

missing=""
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  # Another nginx build serves as well as nginx-light.
  if [ "$package" = nginx-light ] && command -v nginx >/dev/null 2>&1; then continue; fi
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "${1:-}" = --check ]; then
  echo "Missing:$missing. Tests that need them fail or are skipped; install them with test/system-packages.sh." >&2
  exit 1
fi

if ! command -v apt-get >/dev/null 2>&1; then
  echo "Missing:$missing. There is no apt-get here; install them with this system's package manager." >&2
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  echo "Missing:$missing. Run this script as root once: sudo sh test/system-packages.sh" >&2
  exit 1
fi

# Debian starts a service as soon as it is installed, unless this file says no (invoke-rc.d asks it).
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  made_policy=yes
fi
log=$(mktemp)
finish() {
  rm -f "$log"
  if [ "$made_policy" = yes ]; then rm -f "$policy"; fi
}
trap finish EXIT

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # the list is meant to be split
if apt-get update -q >"$log" 2>&1 && apt-get install -q -y --no-install-recommends $missing >>"$log" 2>&1; then
  echo "Installed:$missing"
else
  tail -n 20 "$log" >&2
  echo "Could not install:$missing (the last lines of apt-get's output stand above)." >&2
  exit 1
fi
