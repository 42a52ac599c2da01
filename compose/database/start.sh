#!/bin/sh
# Starts PostgreSQL, and at every start sees to it that each service which uses it has a role of its own. Passwords are made here,
# at random, once, and given away in volumes that only their service mounts: nobody has to choose or copy one.
set -eu
umask 077

random() { head -c 24 /dev/urandom | od -An -vtx1 | tr -d ' \n'; }

# login ROLE DATABASE: the file `url`, for the user that the services run as.
login() {
  folder=/logins/$1
  if [ ! -s "$folder/password" ]; then
    random >"$folder/password.new"
    mv "$folder/password.new" "$folder/password"
  fi
  printf 'postgresql://%s:%s@database:5432/%s\n' "$1" "$(cat "$folder/password")" "$2" >"$folder/url.new"
  chown 1000:1000 "$folder" "$folder/url.new"
  mv "$folder/url.new" "$folder/url"
}

# Roles cannot be made by the image's own init scripts: those run for an empty folder only. The address tells the server
# from the one that those scripts run on, which listens on no network.
provide() {
  until pg_isready -q -h 127.0.0.1; do sleep 0.5; done
  until psql -qX -v ON_ERROR_STOP=1 -U postgres -d postgres \
    -v memory="$(cat /logins/memory/password)" -v reader="$(cat /logins/reader/password)" -f /hearth/roles.sql >/dev/null; do
    sleep 2
  done
  : >/tmp/logins-ready
}

login memory memory
login reader data
# The superuser comes by the socket inside the container only: `docker compose exec database psql -U postgres`.
POSTGRES_PASSWORD=$(random)
export POSTGRES_PASSWORD
(provide &) # twice removed, so that it becomes a child of the init and not of PostgreSQL
exec docker-entrypoint.sh "$@"
