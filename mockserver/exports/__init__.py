"""Collections of requests for API clients: Postman, Bruno, Insomnia, and files of the HTTP clients of editors."""
