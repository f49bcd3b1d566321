"""What the supervisor's status means, in a person's words: for the page and the commands alike."""
