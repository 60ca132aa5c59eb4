#!/bin/sh
# Installs what pip cannot: `venv PYTHON FOLDER` makes the virtual environment, `packages` fetches
# what the tests talk to. Where packages may not be installed, it says what will be skipped.
set -eu

may_install() { command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

apt_install() {
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

make_venv() {
	python=$(command -v "$1" || command -v python3 || true)
	if [ -z "$python" ] || ! "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
		may_install || { echo "needs Python 3.11 with venv: apt-get install python3 python3-venv" >&2; exit 1; }
		apt_install python3 python3-venv
		python=python3
	fi
	[ -x "$2/bin/python" ] || "$python" -m venv "$2"
}

has_rtsp() { /usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null; }

fetch_packages() {
	missing=""
	command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing="mosquitto"
	command -v mbpoll >/dev/null || missing="$missing mbpoll"
	command -v mosquitto_pub >/dev/null || missing="$missing mosquitto-clients"
	command -v openssl >/dev/null || missing="$missing openssl"
	command -v faketime >/dev/null || missing="$missing faketime"
	command -v strace >/dev/null || missing="$missing strace"
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
	has_rtsp || missing="$missing gstreamer1.0-rtsp gir1.2-gst-rtsp-server-1.0 python3-gi \
gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly gstreamer1.0-x"
	[ -n "$missing" ] || return 0
	# shellcheck disable=SC2086 -- a list of package names
	if may_install && apt_install $missing; then return 0; fi
	echo "not installed, so the tests that need them are skipped:$missing" >&2
}

case "$1" in
venv) make_venv "$2" "$3" ;;
packages) fetch_packages ;;
esac
