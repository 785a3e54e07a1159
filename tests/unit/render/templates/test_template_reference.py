"""The templates of a platform with Keycloak, nginx and Spring, whole: none of their own `$` is touched."""

import json

from ruamel.yaml import YAML

from fairlead.render.template import render_template

VALUES = {
    "PUBLIC_URL": "https://core.example.com",
    "REALM": "core",
    "CLIENT_SECRET": 'q"uo\\te',
    "ORIGINS": '["https://core.example.com", "https://admin.example.com"]',
    "TOKEN_SECONDS": "300",
    "BACKEND_PORT": "8081",
    "SERVER_NAME": "core.example.com",
    "DB_HOST": "db",
    "LOG_LEVEL": "info",
}

REALM = """\
{
  "realm": "${REALM}",
  "enabled": true,
  "accessTokenLifespan": ${TOKEN_SECONDS},
  "clients": [
    {
      "clientId": "frontend",
      "rootUrl": "${PUBLIC_URL}",
      "redirectUris": ["${PUBLIC_URL}/*"],
      "webOrigins": ${ORIGINS},
      "secret": "${CLIENT_SECRET}",
      "attributes": {"post.logout.redirect.uris": "${PUBLIC_URL}/*##${PUBLIC_URL}"}
    }
  ],
  "smtpServer": {"from": "no-reply@$${domain}"},
  "components": {"note": "costs 5$, ${REALM}"}
}
"""

NGINX = """\
# made for ${SERVER_NAME}
upstream backend { server backend:${BACKEND_PORT}; }
log_format main '$remote_addr - $remote_user [$time_local] "$request" $status';
map $http_upgrade $connection_upgrade { default upgrade; '' close; }
server {
    listen 80;
    server_name ${SERVER_NAME};
    location ~ ^/api/(.*)$ {
        proxy_pass http://backend/$1$is_args$args;
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        add_header Content-Security-Policy "default-src 'self' ${PUBLIC_URL}" always;
    }
    location / { try_files $uri $uri/ /index.html; }
}
"""

SPRING = """\
server:
  port: ${BACKEND_PORT}
spring:
  datasource:
    url: jdbc:postgresql://${DB_HOST}:5432/core?currentSchema=core
    password: $${DB_PASSWORD:none}   # Spring's own
  security.oauth2.resourceserver.jwt.issuer-uri: "${PUBLIC_URL}/realms/${REALM}"
logging.level.root: ${LOG_LEVEL}
---
spring.config.activate.on-profile: test
management.endpoints.web.exposure.include: '*'
"""


def test_keycloak():
    made = json.loads(render_template(REALM, VALUES, "json"))
    client = made["clients"][0]
    assert client["secret"] == VALUES["CLIENT_SECRET"]
    assert client["webOrigins"] == json.loads(VALUES["ORIGINS"])
    assert client["attributes"]["post.logout.redirect.uris"].startswith("https://core.example.com/*##https://core")
    assert made["accessTokenLifespan"] == 300
    assert made["smtpServer"]["from"] == "no-reply@${domain}"
    assert made["components"]["note"] == "costs 5$, core"


def test_nginx_keeps_its_own_variables():
    made = render_template(NGINX, VALUES, "nginx")
    expected = NGINX
    for name, value in VALUES.items():
        expected = expected.replace(f"${{{name}}}", value)
    assert made == expected and "$host" in made and "$1$is_args$args" in made


def test_spring():
    made = render_template(SPRING, VALUES, "yaml")
    first, second = YAML(typ="safe", pure=True).load_all(made)
    assert first["server"]["port"] == 8081
    assert first["spring"]["datasource"]["url"] == "jdbc:postgresql://db:5432/core?currentSchema=core"
    assert first["spring"]["datasource"]["password"] == "${DB_PASSWORD:none}"
    assert second["management.endpoints.web.exposure.include"] == "*"
