"""The schema in a deployment: what moves it, what is kept before, what is looked at, what waits until later."""
