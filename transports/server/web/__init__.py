"""What every endpoint needs of HTTP: requests, responses, routes, cross-origin rules and limits."""
