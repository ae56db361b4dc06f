using System.Xml;

namespace FleetOps.ModelStore.S3;

/// <summary>What the body of a refused request says.</summary>
/// <param name="Code">Amazon's word for the fault; empty when the body has none.</param>
/// <param name="Region">The region that the bucket is in; null when it is not said.</param>
internal sealed record S3Error(string Code, string? Region)
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads the body of an answer. Never fails: what cannot be read says nothing.</summary>
    public static async Task<S3Error> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        string? region = response.Headers.TryGetValues("x-amz-bucket-region", out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
        string code = "";
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxBytes, cancellationToken).ConfigureAwait(false);
            using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            using var xml = XmlReader.Create(body, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            while (xml.Read())
            {
                if (xml is { NodeType: XmlNodeType.Element, Depth: 1, LocalName: "Code" })
                {
                    code = xml.ReadElementContentAsString().Trim();
                }

                if (xml is { NodeType: XmlNodeType.Element, Depth: 1, LocalName: "Region" })
                {
                    region ??= xml.ReadElementContentAsString().Trim();
                }
            }
        }
        catch (Exception e) when (e is XmlException or HttpRequestException or IOException or InvalidOperationException)
        {
            // A proxy's page, or a connection that was cut: the status has to do.
        }

        return new S3Error(IsWord(code) ? code : "", region is not null && IsWord(region) ? region : null);
    }

    // What a server says is shown to people, so it has to be harmless.
    private static bool IsWord(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');
}
