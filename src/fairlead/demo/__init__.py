"""What shows Fairlead at work: a load generator that counts every lost request, and an application to deploy."""
