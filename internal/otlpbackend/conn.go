// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package otlpbackend

import (
	"net"
	"sync"
	"time"
)

// connections are the open connections, by the address of the client: the one name of a connection that both servers
// give to their handlers.
type connections struct {
	mu   sync.Mutex
	open map[string]conn
}

// track wraps a listener, so that what it accepts is among the connections.
func (c *connections) track(l net.Listener) net.Listener {
	return &listener{Listener: l, connections: c}
}

// each calls do for every connection that is open now.
func (c *connections) each(do func(conn)) {
	c.mu.Lock()
	open := make([]conn, 0, len(c.open))
	for _, one := range c.open {
		open = append(open, one)
	}
	c.mu.Unlock()
	for _, one := range open {
		do(one)
	}
}

// reset resets the connection from a client's address, if it is still open.
func (c *connections) reset(client string) {
	c.mu.Lock()
	one, ok := c.open[client]
	c.mu.Unlock()
	if ok {
		one.reset()
	}
}

func (c *connections) add(one conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]conn{}
	}
	c.open[one.RemoteAddr().String()] = one
}

func (c *connections) remove(one conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// The client may have reused its port for a new connection meanwhile.
	if client := one.RemoteAddr().String(); c.open[client] == one {
		delete(c.open, client)
	}
}

type listener struct {
	net.Listener
	connections *connections
}

func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	one := conn{&connState{
		TCPConn:     accepted.(*net.TCPConn),
		connections: l.connections,
		swallowed:   make(chan struct{}),
		done:        make(chan struct{}),
	}}
	l.connections.add(one)
	return one, nil
}

// conn is a connection that can be cut in several ways under the server that uses it.
type conn struct{ *connState }

type connState struct {
	*net.TCPConn
	connections *connections
	swallow     sync.Once
	swallowed   chan struct{} // closed when the connection became a black hole
	finish      sync.Once
	done        chan struct{} // closed when the server is through with the connection
}

func (c conn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if !c.isBlackHole() {
		return n, err
	}
	<-c.done
	return 0, net.ErrClosed
}

func (c conn) Write(p []byte) (int, error) {
	if c.isBlackHole() {
		return len(p), nil
	}
	return c.TCPConn.Write(p)
}

// Close is called by the server. The client of a black hole must not see even that.
func (c conn) Close() error {
	c.finish.Do(func() { close(c.done) })
	if c.isBlackHole() {
		return nil
	}
	c.connections.remove(c)
	return c.TCPConn.Close()
}

// destroy closes the connection, black hole or not.
func (c conn) destroy() {
	c.finish.Do(func() { close(c.done) })
	c.connections.remove(c)
	_ = c.TCPConn.Close() // closed before: the aim is reached
}

func (c conn) reset() {
	_ = c.SetLinger(0) // with nothing to linger for, close discards what is unsent and sends RST
	c.destroy()
}

func (c conn) blackHole() {
	c.swallow.Do(func() { close(c.swallowed) })
	_ = c.SetReadDeadline(time.Unix(1, 0)) // wakes a Read that waits in the kernel
}

func (c conn) isBlackHole() bool {
	select {
	case <-c.swallowed:
		return true
	default:
		return false
	}
}
