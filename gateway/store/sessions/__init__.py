"""The car park's books: who is inside, what it cost, who paid. They live in the store's file."""
