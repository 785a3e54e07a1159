"""Instances as plain processes under the environment's supervisord."""
