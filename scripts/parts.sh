#!/bin/sh
# Sees to the real parts that the tests start for themselves: a broker, a database, a browser, a Chinese font.
# As root with apt-get it installs what is missing (METERWATCH_TEST_INSTALL=no forbids that); else it names it.
set -eu

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

has_broker() { command -v mosquitto >/dev/null 2>&1; }
has_database() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ||
        { command -v pg_config >/dev/null 2>&1 && [ -x "$(pg_config --bindir)/initdb" ]; }
}
has_browser() {
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
        command -v google-chrome >/dev/null 2>&1
}
has_font() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh)" ]; }

missing_packages() {
    has_broker || echo mosquitto
    has_database || echo postgresql
    has_browser || echo chromium
    has_font || echo fontconfig fonts-wqy-microhei
}

# The tests start their own servers; the packages must not start theirs.
keep_services_down() {
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
    fi
}

missing=$(missing_packages | tr '\n' ' ')
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && [ "${METERWATCH_TEST_INSTALL:-yes}" != no ]; then
    echo "Installing for the tests: $missing"
    keep_services_down
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null ||
        echo "apt-get did not manage; going on without" >&2
fi

missing=$(missing_packages | tr '\n' ' ')
[ -z "$missing" ] || echo "Missing here, so some tests will be left out: $missing" >&2
