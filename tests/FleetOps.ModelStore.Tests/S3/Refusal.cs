using Microsoft.AspNetCore.Http;

namespace FleetOps.ModelStore.Tests.S3;

/// <summary>How S3 refuses: a status, Amazon's code in an XML body, perhaps the bucket's region.</summary>
public sealed record Refusal(int Status, string Code, string? Region = null, string? RetryAfter = null)
{
    public async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        if (RetryAfter is not null)
        {
            context.Response.Headers.RetryAfter = RetryAfter;
        }

        // As Amazon: answers to HEAD have no body, and a redirect to another region has no Location.
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{Code}</Code><Message>words</Message>{(Region is null ? "" : $"<Region>{Region}</Region>")}</Error>");
        }
    }
}
