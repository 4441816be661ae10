"""What differs between two definitions documents, without any people."""
