"""The environment's supervisord: it starts programs, restarts what dies, stops what must go. One per environment."""
