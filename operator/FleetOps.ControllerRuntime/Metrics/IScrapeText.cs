namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>
/// Series that <c>/metrics</c> shows beside those of meters: for what has some series for each of thousands of objects, which come and go, and
/// which a meter would keep for ever. Registered as a service, one at most. Thread-safe.
/// </summary>
public interface IScrapeText
{
    /// <summary>The series as they are now, null for none. A scrape waits for it.</summary>
    ScrapeText? Current();
}
