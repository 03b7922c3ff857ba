package reactor

// backends are all there are.
var backends = []Backend{Epoll, Poll, Select}
