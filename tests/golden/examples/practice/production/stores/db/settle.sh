#!/bin/sh
until pg_isready -q -h 127.0.0.1 -p 5432 -U practice; do sleep 0.2; done
until rm -f /var/lib/postgresql/data/.first-start && psql -X -q -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -d postgres -f /etc/fairlead/settle.sql; do sleep 5; done
: > /run/postgresql/settled
