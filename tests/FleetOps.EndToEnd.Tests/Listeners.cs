using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FleetOps.EndToEnd.Tests;

/// <summary>Small web servers of a test.</summary>
internal static class Listeners
{
    /// <summary>Opens a server on a free port of an address.</summary>
    /// <returns>The server, and its host and port.</returns>
    public static (HttpListener Listener, string Address) Open(string host)
    {
        while (true)
        {
            using var probe = new TcpListener(IPAddress.Parse(host), 0);
            probe.Start();
            var address = string.Create(CultureInfo.InvariantCulture, $"{host}:{((IPEndPoint)probe.LocalEndpoint).Port}");
            probe.Stop();
            var listener = new HttpListener { Prefixes = { $"http://{address}/" } };
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException)
            {
                // Somebody else took the port in between.
                listener.Close();
            }
        }
    }

    /// <summary>The next request, or nothing after the server was closed.</summary>
    public static async Task<HttpListenerContext?> NextAsync(HttpListener listener)
    {
        try
        {
            return await listener.GetContextAsync();
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
        {
            return null;
        }
    }
}
